"""Packs by name, packs that people bring, and packs that were changed behind us."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.club import Club
from tests.modelpack.tiny_pack import build_tiny_pack


@pytest.fixture
def brought(party: Club) -> Path:
    """A pack of the user's own, beside a cache of this club's own. Its version is 6."""
    party.kenbaar.cache = party.folder / "own-cache"
    return build_tiny_pack(party.folder / "brought", seed=5)


def edit(pack: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((pack / "manifest.json").read_text("utf-8"))
    change(manifest)
    (pack / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def test_a_pack_that_is_added_can_be_used_by_its_name(party: Club, brought: Path) -> None:
    added = party.kenbaar("pack", "add", brought)
    assert Path(added["folder"]) == party.kenbaar.cache / "packs" / "tiny-6"
    shutil.rmtree(brought)
    assert [p["digest"] for p in party.kenbaar("pack", "list")["packs"]] == [added["digest"]]
    party.kenbaar.pack = Path("tiny")  # KENBAAR_PACK=tiny
    assert [p["in_use"] for p in party.kenbaar("pack", "list")["packs"]] == [True]
    party.kenbaar("enrol", party.invite("Dov", "find"), party.portrait("Dov"))
    party.photo("dov.jpg", "Dov")
    party.sweep()
    assert party.found("Dov") == ["dov.jpg"]
    for name in ("tiny", "tiny-6"):
        assert party.kenbaar("pack", "show", name)["digest"] == added["digest"]


def test_adding_the_same_pack_twice_changes_nothing(party: Club, brought: Path) -> None:
    first = party.kenbaar("pack", "add", brought)
    assert party.kenbaar("pack", "add", brought) == first
    assert [p.name for p in (party.kenbaar.cache / "packs").iterdir() if p.is_dir()] == ["tiny-6"]


def test_another_pack_of_a_taken_name_and_version_is_refused(party: Club, brought: Path) -> None:
    party.kenbaar("pack", "add", brought)
    edit(brought, lambda m: m["operating_point"].update(accept=0.8))
    assert "another version" in party.kenbaar.refused("pack", "add", brought, code=2)
    edit(brought, lambda m: m.update(name="fast"))
    assert "another name" in party.kenbaar.refused("pack", "add", brought, code=2)


def test_a_wrong_digest_is_told_and_can_be_filled_in(party: Club, brought: Path) -> None:
    right = json.loads((brought / "manifest.json").read_text("utf-8"))["embedder"]["file"]["sha256"]
    edit(brought, lambda m: m["embedder"]["file"].update(sha256="0" * 64))
    refusal = party.kenbaar.refused("pack", "add", brought, code=6)
    assert right in refusal and "pack manifest" in refusal
    shown = party.kenbaar("pack", "manifest", brought)
    assert shown["manifest"]["embedder"]["file"]["sha256"] == right and shown["written"] is False
    party.kenbaar.refused("pack", "add", brought, code=6)
    written = party.kenbaar("pack", "manifest", brought, "--write")
    assert party.kenbaar("pack", "add", brought)["digest"] == written["digest"]


def test_digests_may_be_left_out_of_a_manifest_that_is_to_be_filled_in(party: Club, brought: Path) -> None:
    edit(brought, lambda m: [m[part]["file"].pop("sha256") for part in ("detector", "embedder")])
    party.kenbaar.refused("pack", "add", brought, code=6)
    party.kenbaar("pack", "manifest", brought, "--write")
    party.kenbaar("pack", "add", brought)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda m: m["embedder"].update(dim=12), "another shape"),
        (lambda m: m["embedder"].update(width=48, height=48), "run|shape"),
        (lambda m: m["embedder"].update(rough_within="near"), "rough_within"),
        (lambda m: m["embedder"].update(colours="RGB"), "colours"),
        (lambda m: m["embedder"]["file"].update(name="../manifest.json"), "file.name"),
        (lambda m: m["detector"].update(file=m["embedder"]["file"]), "file.name"),
    ],
)
def test_a_pack_that_is_not_what_its_manifest_says_is_not_added(
    party: Club, brought: Path, change: Callable[[dict[str, Any]], None], word: str
) -> None:
    import re

    edit(brought, change)
    assert re.search(word, party.kenbaar.refused("pack", "add", brought, code=6))
    packs = party.kenbaar.cache / "packs"
    assert not packs.exists() or [p for p in packs.iterdir() if p.is_dir()] == []


def test_a_folder_without_a_pack_is_refused(party: Club, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for words in (("add",), ("manifest",), ("show",), ("card",)):
        party.kenbaar.refused("pack", *words, tmp_path / "empty", code=4)


@pytest.mark.parametrize("words", [("pack", "show"), ("pack", "card"), ("bench", "sweep", "--pack"), ("evaluate", ".", "--consent", "all", "--pack")])  # fmt: skip  # noqa: E501
def test_a_name_nobody_has_is_refused_with_what_to_do(party: Club, brought: Path, words: tuple[str, ...]) -> None:
    refusal = party.kenbaar.refused(*words, "nosuch", code=4)
    assert "nosuch" in refusal and "pack add" in refusal


def test_the_card_tells_what_is_known_of_the_pack_in_use(party: Club) -> None:
    card = party.kenbaar("pack", "card")
    assert card["notice"] in card["card"] and card["provenance"][0]["licence"] == "Apache-2.0"
    assert card["operating_point"]["accept"] == 0.7 and card["digest"] in card["card"]
    shown = party.kenbaar("pack", "show")
    assert shown["digest"] == card["digest"] and shown["embedder"]["colour"] == "BGR"


@pytest.fixture
def own_pack(club: Club) -> Path:
    """A copy of the club's pack that a test may change. Ada enrols anew with it, so that the archive knows it."""
    pack = club.folder / "own-pack"
    shutil.copytree(str(club.kenbaar.pack), pack)
    club.kenbaar.pack = pack
    club.enrol("Dov", "find")
    club.photo("dov.jpg", "Dov", "Stranger")
    club.collect()
    return pack


def test_a_manifest_edited_after_people_enrolled_is_refused_everywhere_and_nobody_is_lost_silently(
    club: Club, own_pack: Path
) -> None:
    whole = (own_pack / "manifest.json").read_bytes()
    edit(own_pack, lambda m: m["operating_point"].update(accept=0.4))
    for words in (
        ("sweep", "party"),
        ("check",),
        ("publish", "party", club.out, "--channel", "web"),
        ("enrol", club.invite("Eva", "find"), club.portrait("Eva")),
    ):
        refusal = club.kenbaar.refused(*words, code=6)
        assert "changed since people enrolled" in refusal and "another version" in refusal, words
    assert club.found("Dov") == []
    (own_pack / "manifest.json").write_bytes(whole)
    club.sweep()
    assert club.found("Dov") == ["dov.jpg"]


def test_people_can_leave_whatever_became_of_the_pack(club: Club, own_pack: Path) -> None:
    edit(own_pack, lambda m: m["operating_point"].update(accept=0.4))
    assert club.kenbaar("withdraw", club.ids["Dov"])["left"] is True
    for name in ("Ada", "Bob", "Cas"):
        club.kenbaar("withdraw", club.ids[name])
    club.sweep()  # nobody is left who enrolled with the pack as it was


def test_a_pack_of_a_new_version_is_another_pack_and_not_a_changed_one(club: Club, own_pack: Path) -> None:
    edit(own_pack, lambda m: (m.update(version="2"), m["operating_point"].update(accept=0.6)))
    assert club.sweep()["other_pack"] == 4  # all four agreed to be compared, with a pack that is not here any more


@pytest.mark.parametrize("name", ["detector.onnx", "embedder.onnx"])
def test_weights_changed_after_people_enrolled_are_refused(club: Club, own_pack: Path, name: str) -> None:
    whole = (own_pack / name).read_bytes()
    (own_pack / name).write_bytes(whole[:-20] + b"x" + whole[-19:])
    assert name in club.kenbaar.refused("sweep", "party", code=6)
    (own_pack / name).write_bytes(whole)
    club.sweep()
    assert club.found("Dov") == ["dov.jpg"]
