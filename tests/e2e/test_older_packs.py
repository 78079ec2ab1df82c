"""A new model pack re-enrols nobody: people are found with the pack they enrolled with until they renew."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.club import Club
from tests.modelpack.tiny_pack import build_tiny_pack


@pytest.fixture
def changed(party: Club) -> Club:
    """A club whose old pack lies in the cache, and which uses another now."""
    party.kenbaar.cache = party.folder / "own-cache"
    old = party.kenbaar.cache / "packs" / "old-1"
    old.parent.mkdir(parents=True)
    shutil.copytree(str(party.kenbaar.pack), old)
    party.kenbaar.pack = build_tiny_pack(party.folder / "new-pack", seed=9)
    return party


def enrol(club: Club, name: str) -> None:
    club.kenbaar("enrol", club.invite(name, "find"), club.portrait(name))


def test_people_are_found_with_the_pack_they_enrolled_with(changed: Club) -> None:
    changed.photo("new.jpg", "Ada", "Stranger")
    enrol(changed, "Dov")
    changed.photo("both.jpg", "Dov", "Ada", "Passer-by")
    report = changed.sweep()
    assert (report["older_pack"], report["other_pack"], report["unreadable"]) == (3, 0, [])
    assert {"new.jpg", "both.jpg"} <= set(changed.found("Ada")) and changed.found("Dov") == ["both.jpg"]
    assert changed.sweep()["looked"] == 0


def test_it_is_told_who_has_a_template_of_which_pack(changed: Club) -> None:
    enrol(changed, "Dov")
    packs = {row["subject"]: row["packs"] for row in changed.kenbaar("subjects")["subjects"]}
    assert packs[changed.ids["Dov"]] != packs[changed.ids["Ada"]] == packs[changed.ids["Bob"]]
    shutil.rmtree(changed.kenbaar.cache / "packs" / "old-1")
    packs = {row["subject"]: row["packs"] for row in changed.kenbaar("subjects")["subjects"]}
    assert "not here" in packs[changed.ids["Ada"]][0]


def test_somebody_of_an_older_pack_can_claim_a_face(changed: Club) -> None:
    changed.photo("new.jpg", "Ada", "Stranger")
    changed.kenbaar("collection", "set", "party", "--mode", "claimed")
    changed.sweep()
    item = changed.items()["new.jpg"]["item"]
    assert changed.kenbaar("claim", changed.ids["Ada"], item, "--box", 0)["how"] == "claimed"
    changed.kenbaar.refused("claim", changed.ids["Ada"], item, "--box", 1, code=3)


def test_without_their_pack_they_are_not_looked_for_and_that_is_said(changed: Club) -> None:
    shutil.rmtree(changed.kenbaar.cache / "packs" / "old-1")
    changed.photo("new.jpg", "Ada")
    assert changed.sweep()["other_pack"] == 3
    assert "new.jpg" not in changed.found("Ada")


def test_a_damaged_older_pack_stops_the_sweep_before_a_photo_is_lost(changed: Club) -> None:
    network: Path = changed.kenbaar.cache / "packs" / "old-1" / "embedder.onnx"
    whole = network.read_bytes()
    network.write_bytes(whole[:-1] + b"!")
    changed.photo("new.jpg", "Ada")
    changed.kenbaar.refused("sweep", "party", code=6)
    network.write_bytes(whole)
    assert changed.sweep()["unreadable"] == [] and "new.jpg" in changed.found("Ada")


def test_who_left_is_not_found_with_the_older_pack_either(changed: Club) -> None:
    changed.kenbaar("withdraw", changed.ids["Ada"])
    changed.photo("new.jpg", "Ada", "Bob")
    report = changed.sweep()
    assert changed.found("Bob").count("new.jpg") == 1 and report["other_pack"] == 0
    changed.kenbaar.refused("find", changed.ids["Ada"], code=3)
