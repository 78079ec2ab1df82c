"""The export: everything about one person, nothing about anybody else, whole or not there."""

from __future__ import annotations

import html
import io
import json
import re
import resource
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kenbaar.consent import verify_receipt
from kenbaar.errors import ConsentWithdrawn, LedgerBroken, NoSpace, NotFound, UsageError, WrongCode
from kenbaar.faces import Box
from kenbaar.media import digest_bytes, open_photo_bytes
from kenbaar.publish import MASK_COLOUR
from kenbaar.rights import ExportReport
from tests.actors import OFFICER
from tests.cheap import quick_codes
from tests.rights.party import Party, a_copy, a_party

CANARY = "canary look 7f3a"
HOSTILE = """<script>alert(1)</script>'"\n.jpg"""


@pytest.fixture(scope="module")
def party(tmp_path_factory: pytest.TempPathFactory, tiny_pack_folder: Path) -> Iterator[Party]:
    """Ada (1) may be shown on the web, Bob Jonkers (2) may be found; a stranger (9) is beside them."""
    with a_party(tmp_path_factory.mktemp("export"), tiny_pack_folder) as p:
        ada = p.enrol("Ada", 1, ("find", "show:web")).subject
        bob = p.enrol("Bob Jonkers", 2).subject
        exif = Image.Exif()
        exif[0x013B], exif[0x8298], exif[0x010F] = "Bob Jonkers", "The Choir", "a camera"
        p.photo("all.jpg", 1, 2, 9, exif=exif)
        p.photo("BobOnStage.jpg", 2, 1)
        p.photo("bob alone.jpg", 2)
        p.photo(HOSTILE, 1, 9)
        p.photo("not ada.jpg", 1)
        p.photo("vanishes.jpg", 1)
        p.add()
        p.sweep()
        archive = p.archive
        archive.requests.find(OFFICER, bob, p.sessions(), reason="only Bob may read this")
        found = archive.requests.find(OFFICER, ada, p.sessions(), reason=CANARY)
        archive.requests.find(OFFICER, ada, p.sessions(), reason="for bob's album")
        archive.requests.reject(OFFICER, ada, next(f.item for f in found if f.path.name == "not ada.jpg"), p.sessions())
        archive.publisher.publish(
            OFFICER, "party", p.folder / "public", "web", archive.pack, archive.limits, say=lambda *_: None
        )
        (p.photos / "vanishes.jpg").unlink()
        yield p


@pytest.fixture(scope="module")
def made(party: Party) -> tuple[Path, ExportReport]:
    out = party.folder / "ada.zip"
    return out, party.archive.exporter.export(OFFICER, party.people["Ada"].subject, out, party.sessions())


@pytest.fixture(scope="module")
def entries(made: tuple[Path, ExportReport]) -> dict[str, bytes]:
    with zipfile.ZipFile(made[0]) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture(scope="module")
def data(entries: dict[str, bytes]) -> Any:
    return json.loads(entries["data.json"])


def _pixels(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_the_zip_holds_a_page_data_a_schema_pictures_a_template_and_receipts(
    entries: dict[str, bytes], made: tuple[Path, ExportReport]
) -> None:
    kinds = sorted({name.split("/")[0] for name in entries})
    assert kinds == ["data.json", "export.schema.json", "index.html", "pictures", "receipts", "template.json"]
    assert made[1].pictures == sum(name.startswith("pictures/") for name in entries) == 3
    assert made[1].receipts == sum(name.startswith("receipts/") for name in entries) == 1
    assert made[1].left_out == 1


def test_data_json_is_what_its_schema_says(entries: dict[str, bytes], data: Any) -> None:
    schema = json.loads(entries["export.schema.json"])
    assert (
        entries["export.schema.json"]
        == resources.files("kenbaar.rights").joinpath("schemas/export.schema.json").read_bytes()
    )
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    validator.check_schema(schema)
    assert [e.message for e in validator.iter_errors(data)] == []
    data = json.loads(entries["data.json"])
    data["somebody_else"] = "s-00000000"
    assert not validator.is_valid(data)


def test_every_other_face_is_opaque_in_every_picture(party: Party, entries: dict[str, bytes], data: Any) -> None:
    store, looked = party.archive.collections.store, 0
    for row in (r for r in data["pictures"] if r["file"]):
        pixels = _pixels(entries[row["file"]])
        for n, face in enumerate(track.box for track in store.tracks(row["item"])):
            inside = pixels[face.y_min : face.y_max, face.x_min : face.x_max].astype(int)
            opaque = np.abs(inside - MASK_COLOUR).max() <= 3
            assert opaque == (n != row["face"])
            looked += 1
    assert looked == 7


def test_a_face_the_sweep_did_not_know_is_covered_too(party: Party, tmp_path: Path) -> None:
    """The look taken at export finds what is in no record: here, a record that lost a face."""
    ada, store = party.people["Ada"].subject, party.archive.collections.store
    before = next(i for i in store.items("party") if i.path == "all.jpg")
    exporter = party.archive.exporter
    seen: list[Box] = []
    look = exporter.detect_again

    def detect_and_find_one_more(photo: Any) -> list[Box]:
        boxes = [*look(photo), Box(700, 20, 780, 120)]
        seen.extend(boxes)
        return boxes

    exporter.detect_again = detect_and_find_one_more
    try:
        exporter.export(OFFICER, ada, tmp_path / "more.zip", party.sessions())
    finally:
        exporter.detect_again = look
    assert len(seen) > 3
    with zipfile.ZipFile(tmp_path / "more.zip") as opened:
        pixels = _pixels(opened.read(next(n for n in opened.namelist() if before.id in n)))
    assert np.abs(pixels[20:120, 700:780].astype(int) - MASK_COLOUR).max() <= 3


def test_nothing_in_the_zip_names_anybody_else(
    party: Party, made: tuple[Path, ExportReport], entries: dict[str, bytes]
) -> None:
    bob = party.people["Bob Jonkers"].subject.encode()
    for name, content in [*entries.items(), ("the zip", made[0].read_bytes())]:
        said = (
            content if not name.endswith(("html", "zip", "jpg")) else re.sub(rb"base64,[A-Za-z0-9+/=]*", b"", content)
        )
        assert bob not in content and bob not in name.encode()
        assert b"jonkers" not in content.lower()
        if not name.endswith((".jpg", ".jws", "the zip")):
            assert b"bob" not in said.lower(), name


def test_another_persons_box_look_and_picture_are_not_told(party: Party, data: Any, entries: dict[str, bytes]) -> None:
    store = party.archive.collections.store
    bobs = {(item.id, tuple(a.box.as_list())) for item, a in store.appearances_of(party.people["Bob Jonkers"].subject)}
    told = {(r["item"], tuple(r["box"])) for r in data["pictures"] + data["rejections"]}
    assert bobs and not bobs & told
    assert b"only Bob may read" not in entries["data.json"] + entries["index.html"]


def test_a_name_of_somebody_else_is_left_out_with_a_word(data: Any) -> None:
    left_out = "(left out: it names somebody else)"
    assert sorted(r["path"] for r in data["pictures"]) == sorted(
        [left_out, "all.jpg", HOSTILE.replace("\n", r"\u{a}"), "vanishes.jpg"]
    )
    assert left_out in [a["facts"].get("reason") for a in data["acts"]]


def test_the_copies_keep_rights_and_no_other_metadata(party: Party, entries: dict[str, bytes], data: Any) -> None:
    row = next(r for r in data["pictures"] if r["path"] == "all.jpg")
    copy = entries[row["file"]]
    assert b"The Choir" in copy
    assert b"a camera" not in copy
    assert not Image.open(io.BytesIO(copy)).getexif()
    assert open_photo_bytes(copy).width == 960


def test_the_canary_look_is_in_the_export(data: Any, entries: dict[str, bytes]) -> None:
    looks = [a for a in data["acts"] if a["event"] == "find"]
    assert [a["facts"].get("reason") for a in looks] == [CANARY, "(left out: it names somebody else)"]
    assert CANARY.encode() in entries["index.html"]
    assert all(a["by"] and a["at"] for a in looks)


def test_every_look_is_told_the_sweep_and_this_export_too(data: Any) -> None:
    events = [a["event"] for a in data["acts"]]
    assert events == ["invite", "enrol", "sweep", "find", "find", "reject", "shown", "export"]
    assert [a["entry"] for a in data["acts"]] == sorted(a["entry"] for a in data["acts"])
    sweep = next(a for a in data["acts"] if a["event"] == "sweep")
    assert sweep["facts"] == {"collection": "party", "mode": "transient", "subjects": 2}


def test_published_copies_rejections_and_consents_are_told(data: Any) -> None:
    assert {c["channel"] for c in data["copies"]} == {"web"}
    assert "all.jpg" in {c["file"] for c in data["copies"]}
    assert len(data["rejections"]) == 1
    assert [(c["purpose"], c["state"]) for c in data["consents"]] == [("find", "in force"), ("show:web", "in force")]


def test_a_photo_that_vanished_is_told_in_words(data: Any, entries: dict[str, bytes]) -> None:
    row = next(r for r in data["pictures"] if r["path"] == "vanishes.jpg")
    assert row["file"] is None
    assert row["why"] == "This photo is no longer there."
    assert row["why"] in entries["index.html"].decode()


def test_the_template_is_their_own_vectors_and_its_pack(party: Party, entries: dict[str, bytes]) -> None:
    template = json.loads(entries["template.json"])["templates"][0]
    vectors = np.array(template["vectors"], np.float32)
    assert template["pack"] == party.archive.threshold.pack
    assert vectors.shape == (2, 16)
    gallery = party.archive.consents.open_gallery(
        ("find",), template["pack"], party.sessions(), only={party.people["Ada"].subject}
    )
    mean = vectors.mean(axis=0)
    assert np.allclose(gallery.rows[0], mean / np.linalg.norm(mean), atol=1e-6)


def test_the_receipts_in_the_zip_check_out(party: Party, entries: dict[str, bytes], data: Any) -> None:
    for row in data["receipts"]:
        signer = party.archive.signer
        assert verify_receipt(entries[row["file"]].decode(), {signer.kid: signer.public_jwk()}).trusted


def test_the_signed_head_told_is_the_ledgers_after_the_export(party: Party, data: Any) -> None:
    assert data["checkpoint"].splitlines()[1] == str(data["acts"][-1]["entry"] + 1)


def test_the_page_escapes_hostile_names_and_loads_nothing(entries: dict[str, bytes]) -> None:
    page = entries["index.html"].decode()
    tags: list[tuple[str, list[tuple[str, str | None]]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append((tag, attrs))

    Reader().feed(page)
    assert html.escape("<script>alert(1)</script>") in page
    assert "script" not in [tag for tag, _ in tags]
    links = [v or "" for _, attrs in tags for n, v in attrs if n in ("src", "href")]
    assert all(v.startswith(("data:image/jpeg;base64,", "#")) or v in entries for v in links)
    assert not [n for _, attrs in tags for n, _ in attrs if n.startswith("on")]


def test_every_name_in_the_zip_is_a_plain_path(entries: dict[str, bytes]) -> None:
    assert all(re.fullmatch(r"[a-z0-9.-]+(/[a-z0-9.-]+)?", name) for name in entries)
    assert not [name for name in entries if ".." in name]


def test_the_zip_is_for_its_owner_alone_and_nothing_lies_beside_it(
    party: Party, made: tuple[Path, ExportReport]
) -> None:
    assert made[0].stat().st_mode & 0o777 == 0o600
    assert not list(made[0].parent.glob(".kenbaar-*"))


def test_the_export_leaves_nothing_in_home(party: Party, tmp_path: Path) -> None:
    def files() -> set[Path]:
        return {p for p in party.settings.home.rglob("*") if p.is_file() and not p.name.endswith(("-wal", "-shm"))}

    before = files()
    party.archive.exporter.export(OFFICER, party.people["Ada"].subject, tmp_path / "a.zip", party.sessions())
    assert files() == before


def test_an_export_into_home_is_refused_also_through_a_link(party: Party, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(party.settings.home)
    for folder in (party.settings.home, tmp_path / "link", party.settings.home / "keys"):
        with pytest.raises(UsageError):
            party.archive.exporter.export(OFFICER, party.people["Ada"].subject, folder / "a.zip", party.sessions())


def test_many_pictures_go_on_further_pages(party: Party, tmp_path: Path) -> None:
    exporter = party.archive.exporter
    exporter.pictures_a_page, before = 2, exporter.pictures_a_page
    try:
        exporter.export(OFFICER, party.people["Ada"].subject, tmp_path / "a.zip", party.sessions())
    finally:
        exporter.pictures_a_page = before
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        pages = {n: opened.read(n).decode() for n in opened.namelist() if n.endswith(".html")}
    assert sorted(pages) == ["index.html", "pictures-2.html"]
    assert 'href="pictures-2.html"' in pages["index.html"]
    assert [p.count('<li class="card">') for _, p in sorted(pages.items())] == [2, 2]


def test_a_full_disk_leaves_nothing_half_written(party: Party, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_the_disk(*_: object) -> None:
        """After the first photo: by then the ledger and the databases have been written to."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))

    try:
        with pytest.raises(NoSpace):
            party.archive.exporter.export(
                OFFICER, party.people["Ada"].subject, tmp_path / "a.zip", party.sessions(), say=fill_the_disk
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_nobody_and_a_wrong_id_are_not_found(party: Party, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        party.archive.exporter.export(OFFICER, "s-00000000", tmp_path / "a.zip", party.sessions())
    assert list(tmp_path.iterdir()) == []


def test_the_digests_told_are_those_of_the_originals(party: Party, data: Any) -> None:
    row = next(r for r in data["pictures"] if r["path"] == "all.jpg")
    assert row["digest"] == digest_bytes((party.photos / "all.jpg").read_bytes())


# -- who holds the key, and who leaves -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made_held(tmp_path_factory: pytest.TempPathFactory, tiny_pack_folder: Path) -> Party:
    """In the EU: Cleo (3) holds her own key; one photo of her, in a collection without recognition."""
    with quick_codes(), a_party(tmp_path_factory.mktemp("held"), tiny_pack_folder, "eu") as p:
        p.enrol("Cleo", 3, holder="subject")
        p.photo("one.jpg", 3, 9)
        p.add(mode="off")
        p.sweep()
        item = p.archive.collections.store.items("party")[0]
        p.archive.requests.claim(
            OFFICER,
            p.people["Cleo"].subject, item.id, 0, p.sessions("Cleo"), lambda: p.archive.pack,
            lambda: p.archive.threshold, p.archive.limits,
        )  # fmt: skip
    return p


@pytest.fixture
def held(made_held: Party, tmp_path: Path) -> Iterator[Party]:
    with a_copy(made_held, tmp_path) as p:
        yield p


def _export(p: Party, name: str, out: Path, *codes: str) -> dict[str, bytes]:
    p.archive.exporter.export(OFFICER, p.people[name].subject, out, p.sessions(*codes))
    with zipfile.ZipFile(out) as opened:
        return {n: opened.read(n) for n in opened.namelist()}


def test_where_the_person_holds_the_key_nothing_is_exported_without_them(held: Party, tmp_path: Path) -> None:
    size = held.archive.ledger.size
    with pytest.raises(WrongCode):
        _export(held, "Cleo", tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()
    assert held.archive.ledger.size == size + 1  # the refusal, told to her
    *_, refused = (act.payload for act in held.archive.journal.acts())
    assert refused is not None and (refused["act"], refused["why"]) == ("export", "WrongCode")


def test_with_their_code_their_own_template_opens(held: Party, tmp_path: Path) -> None:
    entries = _export(held, "Cleo", tmp_path / "a.zip", "Cleo")
    assert len(json.loads(entries["template.json"])["templates"][0]["vectors"]) == 2
    code = held.people["Cleo"].code
    assert code is not None
    assert not [n for n, c in entries.items() if code.encode() in c]


def test_a_sweep_that_did_not_open_their_key_is_not_told_as_a_look(held: Party, tmp_path: Path) -> None:
    events = [a["event"] for a in json.loads(_export(held, "Cleo", tmp_path / "a.zip", "Cleo")["data.json"])["acts"]]
    assert events == ["invite", "enrol", "compare", "claim", "export"]


def test_a_sweep_for_which_they_opened_their_key_is_told(tmp_path: Path, tiny_pack_folder: Path) -> None:
    with a_party(tmp_path, tiny_pack_folder) as p:
        p.enrol("Cleo", 3, holder="subject"), p.enrol("Dora", 4, holder="subject")
        p.photo("one.jpg", 3, 4)
        p.add()
        p.sweep(sessions=p.sessions("Cleo"))
        p.sweep(sessions=p.sessions("Dora"))
        told = {
            name: [
                a["event"] for a in json.loads(_export(p, name, tmp_path / f"{name}.zip", name)["data.json"])["acts"]
            ]
            for name in ("Cleo", "Dora")
        }
        assert told["Cleo"].count("sweep") == told["Dora"].count("sweep") == 1


def test_after_withdrawal_there_is_nothing_to_export(held: Party, tmp_path: Path) -> None:
    sessions = held.sessions("Cleo")
    held.archive.leaving.withdraw(OFFICER, held.people["Cleo"].subject)
    with pytest.raises(ConsentWithdrawn):
        held.archive.exporter.export(OFFICER, held.people["Cleo"].subject, tmp_path / "a.zip", sessions)
    assert not (tmp_path / "a.zip").exists()


def test_who_leaves_while_it_is_made_gets_no_half_of_it(held: Party, tmp_path: Path) -> None:
    cleo = held.people["Cleo"].subject
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ConsentWithdrawn):
        held.archive.exporter.export(
            OFFICER,
            cleo,
            out / "a.zip",
            held.sessions("Cleo"),
            say=lambda *_: void(held.archive.leaving.withdraw(OFFICER, cleo)),
        )
    assert list(out.iterdir()) == []


def void(_: object) -> None:
    """A lambda that says nothing."""


def test_somebody_invited_who_has_not_enrolled_gets_what_there_is(held: Party, tmp_path: Path) -> None:
    from kenbaar.consent import Purpose

    invited = held.archive.consents.invite(OFFICER, "Dora", [Purpose.parse("find")])
    report = held.archive.exporter.export(OFFICER, invited.subject, tmp_path / "a.zip", held.sessions())
    assert (report.pictures, report.acts, report.receipts) == (0, 2, 0)


def test_who_enrolled_by_hand_has_no_template_and_was_compared_in_no_sweep(
    tmp_path: Path, tiny_pack_folder: Path
) -> None:
    with a_party(tmp_path, tiny_pack_folder) as p:
        p.enrol("Eva", 5, by_hand=True), p.enrol("Bob", 2)
        p.photo("one.jpg", 5, 2)
        p.add()
        p.sweep()
        entries = _export(p, "Eva", tmp_path / "a.zip")
        data = json.loads(entries["data.json"])
        assert "template.json" not in entries and data["template"] is None
        assert "sweep" not in [a["event"] for a in data["acts"]]


def test_a_ledger_that_cannot_be_written_means_no_export(held: Party, tmp_path: Path) -> None:
    sessions = held.sessions("Cleo")
    entries = next((held.settings.home / "ledger").glob("entries*"))
    entries.write_bytes(entries.read_bytes()[:-40])
    with pytest.raises(LedgerBroken):
        held.archive.exporter.export(OFFICER, held.people["Cleo"].subject, tmp_path / "a.zip", sessions)
    assert not (tmp_path / "a.zip").exists()
