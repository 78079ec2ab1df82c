"""The four modes: what may be turned into a template, and what each mode needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from kenbaar import acts
from kenbaar.consent import Sessions
from kenbaar.errors import ClaimRefused
from kenbaar.faces import Face, Template
from kenbaar.modelpack import PhotoPixels, WrappedPack, load_pack
from kenbaar.policy import Actor
from tests.actors import OFFICER
from tests.e2e.club import Club, new_club
from tests.modelpack.tiny_pack import tiny_detector, tiny_manifest, write_pack


@pytest.fixture(scope="session")
def pack_that_may_not_embed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real pack whose embedder fails whenever it is run: what must not make a template does not get by with it."""
    shape = numpy_helper.from_array(np.array([7, 11, 13], np.int64), "impossible")
    nodes = [helper.make_node("Reshape", ["chips", "impossible"], ["embeddings"])]
    graph = helper.make_graph(
        nodes,
        "never",
        [helper.make_tensor_value_info("chips", TensorProto.FLOAT, ["n", 3, 32, 32])],
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["n", 16])],
        [shape],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    embedder = bytes(model.SerializeToString(deterministic=True))
    onnx.load_from_string(embedder)
    detector = tiny_detector()
    return write_pack(
        tmp_path_factory.mktemp("packs") / "never", tiny_manifest(detector, embedder, name="never"), detector, embedder
    )


@pytest.mark.parametrize("mode", ["off", "claimed"])
def test_in_off_and_claimed_a_sweep_makes_no_template_of_anybody(
    club: Club, pack_that_may_not_embed: Path, mode: str
) -> None:
    club.photo("both.jpg", "Ada", "Stranger")
    club.collect(mode)
    club.kenbaar.pack = pack_that_may_not_embed
    report = club.sweep()
    assert (report["photos"], report["faces"], report["appearances"], report["unknown"]) == (1, 2, 0, 0)
    assert report["unreadable"] == []
    assert club.publish()["masked"] == 2


def test_that_pack_would_have_told_on_a_sweep_that_embeds(club: Club, pack_that_may_not_embed: Path) -> None:
    club.kenbaar.pack, pack = pack_that_may_not_embed, club.kenbaar.pack
    club.photo("both.jpg", "Ada", "Stranger")
    club.collect("transient")
    assert club.sweep()["unreadable"] == []  # nobody is enrolled with this pack: nothing to compare, nothing is made
    refused = club.kenbaar.refused("enrol", club.invite("Dov", "find"), club.portrait("Dov"), code=6)
    assert "embedder" in refused
    club.kenbaar.pack = pack
    assert club.sweep()["appearances"] == 1


def test_off_is_the_mode_where_none_is_given(club: Club) -> None:
    club.photos.mkdir()
    assert club.kenbaar("collection", "add", "party", club.photos)["mode"] == "off"


def test_in_off_somebody_with_a_template_is_compared_with_it_and_with_nobody_else(club: Club) -> None:
    club.photo("both.jpg", "Ada", "Stranger")
    club.collect("off")
    club.sweep()
    item = club.items()["both.jpg"]["item"]
    club.kenbaar.refused("claim", club.ids["Ada"], item, "--box", 1, code=3)
    claim = club.kenbaar("claim", club.ids["Ada"], item, "--box", 0)
    assert (claim["band"], claim["how"]) == ("strong", "claimed")
    assert club.found("Ada") == ["both.jpg"]
    club.publish()
    assert club.sees("both.jpg", 0) and not club.sees("both.jpg", 1)


def by_hand(club: Club, photo: str, *names: str) -> str:
    """Eva, enrolled without photos, is said to be the first in a photo in mode off; returns the item."""
    token = club.invite("Eva", "find", "show:web")
    club.kenbaar("enrol", token, "--by-hand")
    club.photo(photo, *names)
    club.collect("off")
    club.sweep()
    item = str(club.items()[photo]["item"])
    club.kenbaar("claim", club.ids["Eva"], item, "--box", 0)
    return item


def confirmed(club: Club, item: str, account: str, seen: str | None = None) -> None:
    """Looks at the page, and confirms from another account of the shell."""
    page = club.folder / "look.html"
    page.unlink(missing_ok=True)
    with club.open() as archive:
        other = Actor("operator", account, "reviewer")
        acts.confirm(archive, other, acts.ConfirmRequest(club.ids["Eva"], item, sheet=page))
        number = re.search(r"say the number (\d{6})", page.read_text("utf-8"))
        assert number is not None
        acts.confirm(archive, other, acts.ConfirmRequest(club.ids["Eva"], item, seen=seen or number[1]))


def test_somebody_enrolled_without_photos_takes_part_by_hand_with_the_word_of_two(club: Club) -> None:
    item = by_hand(club, "eva.jpg", "Eva")
    assert club.found("Eva") == ["eva.jpg"]
    assert club.sweep()["appearances"] == 1
    club.publish()
    assert not club.sees("eva.jpg", 0), "one word alone shows nobody"
    confirmed(club, item, "a colleague")
    assert club.sweep()["appearances"] == 1
    club.publish()
    assert club.sees("eva.jpg", 0)


def test_who_said_it_cannot_confirm_it_nor_can_anybody_who_did_not_look(club: Club) -> None:
    item = by_hand(club, "eva.jpg", "Eva")
    page = club.folder / "look.html"
    club.kenbaar("confirm", club.ids["Eva"], item, "--sheet", page)
    number = re.search(r"say the number (\d{6})", page.read_text("utf-8"))
    assert number is not None
    club.kenbaar.refused("confirm", club.ids["Eva"], item, "--seen", number[1], code=3)
    club.kenbaar.refused("confirm", club.ids["Eva"], item, code=2)
    with pytest.raises(ClaimRefused):
        confirmed(club, item, "a colleague", seen="1234567")
    club.publish()
    assert not club.sees("eva.jpg", 0)


def test_strangers_said_by_hand_to_be_a_straw_man_are_unmasked_by_no_way_through_the_modes(club: Club) -> None:
    item = by_hand(club, "strangers.jpg", "Stranger", "Passer-by")
    confirmed(club, item, "a friend of the first")
    roster = ("--mode", "roster", "--officer", "X", "--roster", club.ids["Eva"])
    club.kenbaar("collection", "set", "party", *roster)
    club.sweep()
    club.publish()
    assert not club.sees("strangers.jpg", 0) and not club.sees("strangers.jpg", 1)
    assert club.found("Eva") == [], "what was said by hand ends with the mode it was said in"
    club.kenbaar("collection", "set", "party", "--mode", "off")
    club.publish()
    assert not club.sees("strangers.jpg", 0)
    club.kenbaar.refused("claim", club.ids["Ada"], item, "--box", 1, code=3)


def test_by_hand_a_face_is_shown_only_with_consent_to_show(club: Club) -> None:
    club.photo("both.jpg", "Ada", "Bob")
    club.collect("off")
    club.sweep()
    club.kenbaar("claim", club.ids["Bob"], club.items()["both.jpg"]["item"], "--box", 1)
    assert club.publish()["visible"] == 0


class CountingPack(WrappedPack):
    """The tiny pack, noting of which boxes a template was made."""

    def __init__(self, folder: Path) -> None:
        super().__init__(load_pack(folder))
        self.embedded: list[int] = []

    def make_templates(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Template]:
        raise AssertionError("a claim embeds one face, not several")

    def make_template(self, photo: PhotoPixels, face: Face) -> Template:
        self.embedded.append(face.box.x_min)
        return self._pack.make_template(photo, face)


def test_a_claim_embeds_the_claimed_box_alone_and_opens_the_claimers_template_alone(club: Club) -> None:
    club.photo("three.jpg", "Stranger", "Ada", "Bob")
    club.collect("claimed")
    club.sweep()
    item = club.items()["three.jpg"]
    with club.open() as archive:
        pack = CountingPack(Path(str(club.kenbaar.pack)))
        appearance = archive.requests.claim(
            OFFICER,
            club.ids["Ada"],
            item["item"],
            1,
            Sessions(),
            lambda: pack,
            lambda: archive.threshold,
            archive.limits,
        )
    assert appearance.how == "claimed" and appearance.band == "strong"
    assert [abs(x - item["faces"][1]["box"][0]) < 8 for x in pack.embedded] == [True]


def test_a_claim_of_somebody_elses_face_is_refused_and_leaves_nothing(club: Club) -> None:
    club.photo("three.jpg", "Stranger", "Ada", "Bob")
    club.collect("claimed")
    club.sweep()
    item = club.items()["three.jpg"]["item"]
    for box in (0, 2):
        assert "own template" in club.kenbaar.refused("claim", club.ids["Ada"], item, "--box", box, code=3)
    assert "no box 3" in club.kenbaar.refused("claim", club.ids["Ada"], item, "--box", 3, code=4)
    assert club.found("Ada") == []
    club.kenbaar("claim", club.ids["Ada"], item, "--box", 1)
    assert club.found("Ada") == ["three.jpg"]


def test_in_claimed_mode_somebody_without_a_template_cannot_claim(club: Club) -> None:
    club.kenbaar("enrol", club.invite("Eva", "find"), "--by-hand")
    club.photo("eva.jpg", "Eva")
    club.collect("claimed")
    club.sweep()
    item = club.items()["eva.jpg"]["item"]
    club.kenbaar.refused("claim", club.ids["Eva"], item, "--box", 0, code=3)


def test_a_face_somebody_said_is_theirs_cannot_be_claimed_by_another(club: Club) -> None:
    club.photo("both.jpg", "Ada", "Bob")
    club.collect("off")
    club.sweep()
    item = club.items()["both.jpg"]["item"]
    club.kenbaar("claim", club.ids["Ada"], item, "--box", 0)
    club.kenbaar.refused("claim", club.ids["Bob"], item, "--box", 0, code=3)
    assert club.found("Ada") == ["both.jpg"]


def test_a_roster_recognises_those_on_it_and_nobody_else(club: Club) -> None:
    club.photo("both.jpg", "Ada", "Bob")
    club.collect("roster", roster=club.ids["Ada"], officer="J. Smit")
    report = club.sweep()
    assert (report["appearances"], report["unknown"]) == (1, 1)
    assert club.found("Ada") == ["both.jpg"] and club.found("Bob") == []


def test_a_roster_needs_consent_of_everybody_on_it_and_an_officer(club: Club) -> None:
    club.photos.mkdir()
    token = club.invite("Dov", "find")
    add = ("collection", "add", "party", club.photos, "--mode", "roster")
    ada, dov = club.ids["Ada"], club.ids["Dov"]
    for without in (
        (),
        ("--officer", "J. Smit"),
        ("--roster", ada),
        ("--roster", ada, "--officer", " "),
        ("--roster", ada, "--roster", dov, "--officer", "J. Smit"),  # invited is not enrolled
        ("--roster", "s-nobody00", "--officer", "J. Smit"),
    ):
        club.kenbaar.refused(*add, *without, code=3)
    assert club.kenbaar("collection", "list")["collections"] == []
    club.kenbaar("enrol", token, club.portrait("Dov"))
    club.kenbaar(*add, "--roster", ada, "--roster", dov, "--officer", "J. Smit")


def test_a_roster_that_somebody_left_is_swept_no_more(club: Club) -> None:
    club.photo("both.jpg", "Ada", "Bob")
    club.collect("roster", roster=club.ids["Ada"], officer="J. Smit")
    club.kenbaar(
        "collection", "set", "party", "--mode", "roster", "--roster", club.ids["Ada"], "--roster", club.ids["Bob"],
        "--officer", "J. Smit",
    )  # fmt: skip
    assert club.sweep()["appearances"] == 2
    club.kenbaar("withdraw", club.ids["Bob"])
    club.photo("new.jpg", "Ada", "Bob")
    refusal = club.kenbaar.refused("sweep", "party", code=3)
    assert club.ids["Bob"] not in club.found("Ada") and "roster" in refusal.lower()
    assert club.found("Ada") == ["both.jpg"]
    club.kenbaar("collection", "set", "party", "--mode", "roster", "--roster", club.ids["Ada"], "--officer", "J. Smit")
    assert club.sweep()["appearances"] == 2


@pytest.mark.parametrize("jurisdiction", ["eu", "uk", "ch"])
def test_transient_is_refused_where_it_is_not_lawful(tiny_pack_folder: Path, tmp_path: Path, jurisdiction: str) -> None:
    club = new_club(tmp_path, tiny_pack_folder, jurisdiction)
    club.photo("a.jpg", "Ada")
    add = ("collection", "add", "party", club.photos)
    assert "jurisdiction" in club.kenbaar.refused(*add, "--mode", "transient", "--reason", "why", code=3)
    club.kenbaar(*add)
    club.kenbaar.refused("collection", "set", "party", "--mode", "transient", "--reason", "why", code=3)
    assert club.kenbaar("collection", "list")["collections"][0]["mode"] == "off"


def test_transient_needs_a_written_reason(club: Club) -> None:
    club.photos.mkdir()
    add = ("collection", "add", "party", club.photos, "--mode", "transient")
    for reason in ((), ("--reason", ""), ("--reason", "  ")):
        assert "reason" in club.kenbaar.refused(*add, *reason, code=3)


def test_a_stranger_is_counted_masked_and_nothing_more(party: Club) -> None:
    assert party.sweep()["unknown"] == 1
    strangers = [f for f in party.items()["cas.jpg"]["faces"] if not f["known"]]
    assert [set(f) for f in strangers] == [{"n", "box", "known"}]
    party.publish()
    assert party.sees("cas.jpg", 0) and not party.sees("cas.jpg", 1)
    check = party.kenbaar("check")
    assert check["derived"] == ["party"] and check["vectors"] == 1


def test_check_finds_a_strangers_vector_that_was_planted(party: Club) -> None:
    from kenbaar.media import open_photo

    pack = load_pack(Path(str(party.kenbaar.pack)))
    photo = open_photo(party.photos / "cas.jpg")
    vectors = [t.vector for t in pack.make_templates(photo, pack.detect_faces(photo))]
    planted = party.home / "left-behind.tmp"
    planted.write_bytes(b"xy" + vectors[1].tobytes())
    answer = party.kenbaar("check", code=6)
    assert str(planted) in {f["path"] for f in answer["findings"]}
    planted.unlink()
