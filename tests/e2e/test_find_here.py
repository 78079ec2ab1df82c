"""Somebody is here, with their own photo: they see their pictures, and nothing of them is kept."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kenbaar.consent import SOMEBODY_HERE
from kenbaar.errors import Cancelled, ConsentMissing, RoleRefused
from kenbaar.policy import Actor, Event
from tests.actors import OFFICER
from tests.e2e.club import Club
from tests.e2e.test_ctrl_c import born, expect_told, in_place, scene
from tests.modelpack.tiny_pack import blank_photo, draw_face

__all__ = ["born", "scene"]


def find(club: Club, name: str, *options: object, code: int = 0) -> dict[str, Any]:
    """What somebody who is here is answered."""
    return club.kenbaar("find", "--photo", club.portrait(name), "--collection", "party", *options, code=code)


def paths(club: Club, found: dict[str, Any]) -> list[str]:
    return [a["path"].partition("/photos/")[2] for a in found["appearances"]]


def records(club: Club) -> dict[str, list[Any]]:
    """Every row of both databases, but for the notes that every writer changes."""
    found: dict[str, list[Any]] = {}
    for file in ("archive.db", "templates.db"):
        with sqlite3.connect(club.home / file) as db:
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                rows = db.execute(f"SELECT * FROM {table}").fetchall()
                found[f"{file} {table}"] = rows if table != "meta" else sorted(name for name, *_ in rows)
        db.close()
    return found


def acts(club: Club, event: Event) -> list[dict[str, Any]]:
    """What the ledger says of acts of this kind."""
    with club.open() as archive:
        return [dict(a.payload or {}) for a in archive.journal.acts() if a.event == str(event)]


# -- what they get -----------------------------------------------------------------------------------------------------


def test_who_is_here_sees_their_own_pictures_and_those_of_nobody_else(party: Club) -> None:
    found = find(party, "Stranger")
    assert paths(party, found) == ["cas.jpg"] and found["unreadable"] == [] and found["compared"] == 4
    (row,) = found["appearances"]
    assert row["band"] == "strong" and row["collection"] == "party" and row["item"] == party.items()["cas.jpg"]["item"]
    assert row["box"][0] > 180  # the second in that photo
    assert find(party, "Passer-by")["appearances"] == []


def test_pictures_that_came_in_after_the_last_sweep_are_looked_through_too(party: Club) -> None:
    party.photo("new.jpg", "Passer-by")
    assert paths(party, find(party, "Passer-by")) == ["new.jpg"]
    assert "new.jpg" not in party.items()
    party.sweep()
    assert party.items()["new.jpg"]["item"] == find(party, "Passer-by")["appearances"][0]["item"]


def test_what_somebody_enrolled_said_is_not_them_is_still_found_for_who_is_here(party: Club) -> None:
    party.kenbaar("reject", party.ids["Ada"], party.items()["ada.jpg"]["item"])
    assert "ada.jpg" in paths(party, find(party, "Ada"))


def test_on_the_sheet_everybody_else_is_masked(party: Club, tmp_path: Path) -> None:
    import base64
    import io
    import re

    sheet = tmp_path / "sheet.html"
    find(party, "Stranger", "--sheet", sheet)
    page = sheet.read_text("utf-8")
    (picture,) = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", page)
    with Image.open(io.BytesIO(base64.b64decode(picture))) as shown:
        pixels = np.asarray(shown.convert("RGB")).astype(int)
    with Image.open(party.photos / "cas.jpg") as whole:
        scale = shown.width / whole.width
    cas, own = (pixels[round(140 * scale), round(x * scale)] for x in (88, 268))
    assert np.abs(cas - 64).max() <= 6 and np.abs(own - 64).max() > 6
    assert "kenbaar reject" not in page and "Nothing of you was kept" in page and SOMEBODY_HERE + " " not in picture


def test_a_photo_that_cannot_be_read_is_told_and_ends_with_5(party: Club) -> None:
    (party.photos / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    found = find(party, "Stranger", code=5)
    assert [u["path"] for u in found["unreadable"]] == ["broken.jpg"] and paths(party, found) == ["cas.jpg"]
    assert found["compared"] == 4


# -- nothing is kept ---------------------------------------------------------------------------------------------------


def test_nothing_of_them_is_written_but_the_act_without_a_name(party: Club) -> None:
    before = records(party)
    files = {p.relative_to(party.home) for p in party.home.rglob("*") if p.is_file()}
    find(party, "Stranger")
    assert records(party) == before
    new = {p.relative_to(party.home) for p in party.home.rglob("*") if p.is_file()} - files
    assert all(p.parts[0] in ("ledger", "keys") or p.name.endswith(("-wal", "-shm")) for p in new), new
    (spoken,) = acts(party, Event.SPOKEN)
    assert {k: spoken[k] for k in ("collection", "mode", "pictures")} == {
        "collection": "party", "mode": "transient", "pictures": 4,
    }  # fmt: skip
    assert "subject" not in spoken and SOMEBODY_HERE not in json.dumps(spoken)
    answer = party.kenbaar("check")
    assert answer["findings"] == []


def test_their_template_lies_in_no_file_afterwards(party: Club) -> None:
    from kenbaar.rights import scan_home

    with party.open() as archive:
        vectors = archive.enrolments.read_live(party.portrait("Stranger"))
    find(party, "Stranger")
    assert scan_home(party.home, vectors, dim=vectors.shape[1]).findings == ()


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["off", "claimed"])
def test_where_not_all_may_be_compared_the_photo_is_not_even_opened(club: Club, mode: str) -> None:
    club.photo("a.jpg", "Stranger")
    club.collect(mode)
    missing = club.folder / "not there.jpg"
    said = club.kenbaar.refused("find", "--photo", missing, "--collection", "party", code=3)
    assert mode in said and "--sheet" in said
    assert not acts(club, Event.SPOKEN)
    assert [a["act"] for a in acts(club, Event.REFUSED)] == ["spoken-consent"]


def test_a_photo_of_nobody_of_two_or_no_photo_at_all_is_refused_and_nothing_is_compared(party: Club) -> None:
    two, nobody, words = (party.folder / n for n in ("two.png", "nobody.png", "words.jpg"))
    pixels = blank_photo(640, 400, 3)
    draw_face(pixels, 40, 100, 40, 192)
    draw_face(pixels, 340, 100, 41, 192)
    Image.fromarray(pixels).save(two)
    Image.fromarray(blank_photo(480, 400, 1)).save(nobody)
    words.write_text("words")
    for file in (two, nobody, words, party.folder / "missing.jpg", party.folder):
        said = party.kenbaar.refused("find", "--photo", file, "--collection", "party", code=4)
        assert "token" not in said
    assert not acts(party, Event.SPOKEN)


def test_a_collection_that_is_not_there_or_whose_folder_is_gone_is_a_sentence(party: Club) -> None:
    photo = party.portrait("Stranger")
    party.kenbaar.refused("find", "--photo", photo, "--collection", "no such", code=4)
    party.photos.rename(party.folder / "elsewhere")
    assert "Mount it" in party.kenbaar.refused("find", "--photo", photo, "--collection", "party", code=4)
    (party.folder / "elsewhere").rename(party.photos)


def test_words_of_the_call_that_do_not_fit_end_with_2(party: Club) -> None:
    photo, ada = party.portrait("Ada"), party.ids["Ada"]
    for call in (
        (),
        (ada, "--photo", photo, "--collection", "party"),
        ("--photo", photo),
        ("--collection", "party"),
        (ada, "--collection", "party"),
        ("--photo", photo, "--collection", "party", "--reason", "because"),
        ("--photo", photo, "--collection", "party", "--sheet", party.home / "sheet.html"),
        ("--photo", photo, "--collection", "party", "--sheet", party.photos / "sheet.html"),
    ):
        party.kenbaar.refused("find", *call, code=2)
    assert not acts(party, Event.SPOKEN)


def test_an_auditor_may_not_and_the_photo_is_not_opened(party: Club) -> None:
    def never() -> Any:
        raise AssertionError("opened")

    with party.open() as archive, pytest.raises(RoleRefused):
        archive.present.find(
            Actor("operator", "audit", "auditor"), "party", never, archive.packs.in_use(),
            engine=_engine(), limits=archive.limits, say=lambda _: None,
        )  # fmt: skip


def test_no_gallery_of_somebody_here_is_compared_before_the_act_is_recorded(party: Club) -> None:
    with party.open() as archive:
        vectors = archive.enrolments.read_live(party.portrait("Stranger"))
        gallery = archive.consents.spoken_gallery(vectors, archive.pack.digest)
        with pytest.raises(ConsentMissing):
            gallery.require_open()
        with pytest.raises(ConsentMissing):
            gallery.__reduce__()
        gallery.wipe()
        assert not vectors.any()  # taken over: no other copy is left


def test_who_is_asked_at_a_terminal_and_says_no_opens_nothing(party: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from kenbaar.cli import _pictures

    monkeypatch.setattr(_pictures, "at_terminal", lambda: True)
    for name, value in party.kenbaar.env.items():
        monkeypatch.setenv(name, value)
    call = ["--photo", str(party.portrait("Stranger")), "--collection", "party"]
    no = CliRunner().invoke(_pictures.find, call, input="n\n")
    assert isinstance(no.exception, ConsentMissing) and not acts(party, Event.SPOKEN)
    yes = CliRunner().invoke(_pictures.find, call, input="y\n", standalone_mode=False)
    assert yes.exception is None and "cas.jpg" in yes.output and len(acts(party, Event.SPOKEN)) == 1


def test_without_a_terminal_what_is_stated_by_it_is_said(party: Club) -> None:
    answer = party.kenbaar.answer("find", "--photo", party.portrait("Stranger"), "--collection", "party")
    assert "With this you state" in answer.words


# -- stopped -----------------------------------------------------------------------------------------------------------


def _engine() -> Any:
    from kenbaar.engines import LocalEngine

    return LocalEngine(1)


@contextmanager
def unchanged(club: Club) -> Iterator[None]:
    before = records(club)
    yield
    assert records(club) == before


def test_stopped_on_the_way_nothing_is_told_and_their_vectors_are_overwritten(party: Club) -> None:
    kept: list[Any] = []
    with unchanged(party), party.open() as archive:

        def read() -> Any:
            kept.append(archive.enrolments.read_live(party.portrait("Stranger")))
            return kept[0]

        with pytest.raises(Cancelled):
            archive.present.find(
                OFFICER, "party", read, archive.packs.in_use(),
                engine=_engine(), limits=archive.limits, say=lambda _: None, cancelled=lambda: True,
            )  # fmt: skip
    assert not kept[0].any()


@pytest.mark.slow
def test_ctrl_c_ends_it_with_a_sentence_and_130(born: Any, scene: Club) -> None:
    words = ("find", "--photo", scene.portrait("Stranger"), "--collection", "party")
    took = born.run([*in_place(scene, words), "--json"], scene.kenbaar.env, scene.folder / "said")
    assert took.code == 0, took
    for share in (0.2, 0.5, 0.8):
        ended = born.run(
            [*in_place(scene, words), "--json"], scene.kenbaar.env, scene.folder / "said",
            stop_after_s=(took.seconds * share,), by=signal.SIGINT,
        )  # fmt: skip
        expect_told(ended, signal.SIGINT)
