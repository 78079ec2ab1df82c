"""The reference portrait: head and shoulders, opened through `ask` alone, and gone with it from every old copy."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from kenbaar.consent import Grant, describe_receipt, verify_receipt
from kenbaar.errors import SealBroken
from kenbaar.rights import Leaving
from tests.actors import OFFICER
from tests.e2e.club import FACES, Club
from tests.modelpack.tiny_pack import blank_photo, draw_face


def large_portrait(club: Club, name: str, *beside: str) -> Path:
    """A photo of 1600 x 1200 px, on its side by EXIF and with a note in it, of one person or of several."""
    file = club.folder / f"large-{'-'.join((name, *beside))}.jpg"
    pixels = blank_photo(1600, 1200, FACES[name])
    for place, each in enumerate((name, *beside)):
        draw_face(pixels, 300 + 600 * place, 300, FACES[each], 384)
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "taken in the garden of the person"
    upright = Image.fromarray(pixels)
    upright.transpose(Image.Transpose.ROTATE_90).save(file, quality=95, exif=exif)
    return file


def leave(club: Club, name: str, *purposes: str, portrait: Path | None = None, options: tuple[object, ...] = ()) -> Any:
    """Invites somebody, who enrols and leaves a portrait."""
    token = club.invite(name, *(purposes or ("ask", "find")), options=options)
    photo = club.portrait(name)
    enrolled = club.kenbaar("enrol", token, photo, "--portrait", portrait or photo)
    if "code" in enrolled:
        club.codes[name] = enrolled["code"]
    return enrolled


def opened(club: Club, name: str, *, code: bool = False) -> bytes | None:
    """What whoever decides in a case would be shown."""
    with club.open() as archive:
        session = archive.consents.sessions([club.codes[name]]).of(club.ids[name]) if code else None
        return archive.consents.open_portrait(club.ids[name], session)


@contextmanager
def rows(club: Club) -> Iterator[sqlite3.Connection]:
    """templates.db, as somebody with write access edits it."""
    with sqlite3.connect(club.home / "templates.db") as db:
        yield db
    db.close()


def sealed_in(home: Path, subject: str) -> bytes | None:
    with sqlite3.connect(home / "templates.db") as db:
        found = db.execute("SELECT sealed FROM sealed_portraits WHERE subject = ?", (subject,)).fetchone()
    db.close()
    return found[0] if found else None


def bytes_in(home: Path) -> bytes:
    return b"".join(p.read_bytes() for p in sorted(home.glob("templates.db*")))


# -- leaving one -------------------------------------------------------------------------------------------------------


def test_head_and_shoulders_are_kept_upright_small_and_without_what_the_file_said(club: Club) -> None:
    leave(club, "Dov", portrait=large_portrait(club, "Dov"))
    jpeg = opened(club, "Dov")
    assert jpeg is not None and b"garden" not in jpeg
    with Image.open(io.BytesIO(jpeg)) as kept:
        assert kept.format == "JPEG" and max(kept.size) == 512 and kept.height > kept.width
        assert not kept.getexif() and not {"exif", "xmp", "icc_profile", "comment"} & set(kept.info)
    sealed = sealed_in(club.home, club.ids["Dov"])
    assert sealed is not None and jpeg[:64] not in bytes_in(club.home) and b"JFIF" not in sealed


def test_without_ask_among_what_is_agreed_to_nothing_is_kept_and_the_token_still_works(club: Club) -> None:
    for purposes, agree in ((("find",), ()), (("ask", "find"), ("--agree", "find"))):
        token, photo = club.invite("Dov", *purposes), club.portrait("Dov")
        assert "ask" in club.kenbaar.refused("enrol", token, photo, *agree, "--portrait", photo, code=2)
        with club.open() as archive:
            assert club.ids["Dov"] not in archive.consents.templates.subjects()
            assert archive.consents.portraits.subjects() == set()
        club.kenbaar("enrol", token, photo, *agree)
        assert opened(club, "Dov") is None


def test_no_portrait_without_photos_to_compare_it_with(club: Club) -> None:
    token = club.invite("Dov", "ask")
    assert "photos" in club.kenbaar.refused("enrol", token, "--by-hand", "--portrait", club.portrait("Dov"), code=2)


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (("Eva",), "do not seem to show the same person"),
        (("Dov", "Eva"), "2 faces in the portrait"),
        ((), "No face was found in the portrait"),
    ],
)
def test_somebody_else_two_people_or_nobody_is_no_portrait(club: Club, who: tuple[str, ...], said: str) -> None:
    token = club.invite("Dov", "ask")
    file = large_portrait(club, *who) if who else club.folder / "empty.png"
    if not who:
        Image.fromarray(blank_photo(480, 400, 1)).save(file)
    assert said in club.kenbaar.refused("enrol", token, club.portrait("Dov"), "--portrait", file, code=4)
    with club.open() as archive:
        assert not archive.consents.portraits.subjects() and not archive.consents.living_grants(club.ids["Dov"])


def test_a_file_that_is_no_photo_is_a_sentence(club: Club) -> None:
    token, file = club.invite("Dov", "ask"), club.folder / "words.jpg"
    file.write_text("no photo")
    club.kenbaar.refused("enrol", token, club.portrait("Dov"), "--portrait", file, code=4)
    club.kenbaar.refused("enrol", token, club.portrait("Dov"), "--portrait", club.folder / "missing.jpg", code=4)


def test_who_holds_their_key_is_shown_only_with_their_code(club: Club) -> None:
    leave(club, "Dov", options=("--holder", "subject"))
    assert opened(club, "Dov") is None and opened(club, "Dov", code=True)
    assert club.kenbaar("check")["findings"] == []


def test_notice_receipt_ledger_and_export_say_that_it_is_kept(club: Club, tmp_path: Path) -> None:
    token = club.invite("Dov", "ask", "find")
    answer = club.kenbaar.answer("enrol", token, club.portrait("Dov"), "--portrait", club.portrait("Dov"))
    assert "A portrait, if you leave one" in answer.words and "Your portrait is kept" in answer.words
    kept = {r["dpv:hasPurpose"]["kb:purpose"]: r.get("kb:portrait") for r in records_of(answer.data["receipt"])}
    assert kept == {"ask": "kept", "find": None}
    receipt = verify_receipt(Path(answer.data["receipt"]).read_text())
    assert "A portrait is kept" in describe_receipt(receipt)
    club.kenbaar("export", club.ids["Dov"], tmp_path / "dov.zip")
    with zipfile.ZipFile(tmp_path / "dov.zip") as zip_in:
        assert zip_in.read("portrait.jpg") == opened(club, "Dov")
        data = json.loads(zip_in.read("data.json"))
        assert data["portrait"] == "portrait.jpg"
        assert [a["facts"].get("portrait") for a in data["acts"] if a["event"] == "enrol"] == [True]
        assert b"portrait.jpg" in zip_in.read("index.html")


def records_of(receipt: str) -> list[dict[str, Any]]:
    """What a receipt says, purpose by purpose."""
    found: list[dict[str, Any]] = verify_receipt(Path(receipt).read_text()).payload["dpv:hasRecordOfActivity"]
    return found


def test_a_notice_that_does_not_offer_ask_says_nothing_of_a_portrait(club: Club) -> None:
    token = club.invite("Dov", "find")
    assert "portrait" not in club.kenbaar.answer("enrol", token, club.portrait("Dov")).words


# -- how it goes -------------------------------------------------------------------------------------------------------


def test_who_takes_ask_alone_back_leaves_no_portrait_and_no_byte_of_it(club: Club) -> None:
    leave(club, "Dov")
    sealed = sealed_in(club.home, club.ids["Dov"])
    assert sealed is not None
    club.kenbaar("withdraw", club.ids["Dov"], "--purpose", "ask")
    assert opened(club, "Dov") is None and sealed_in(club.home, club.ids["Dov"]) is None
    assert sealed[40:104] not in bytes_in(club.home)
    club.photo("dov.jpg", "Dov")
    club.collect()
    club.sweep()
    assert club.found("Dov") == ["dov.jpg"]  # the other consents stay


def test_who_takes_everything_back_or_whose_date_passes_leaves_no_portrait(club: Club) -> None:
    leave(club, "Dov")
    leave(club, "Eva")
    club.kenbaar("withdraw", club.ids["Dov"])
    assert sealed_in(club.home, club.ids["Dov"]) is None and sealed_in(club.home, club.ids["Eva"]) is not None
    copy = club.copied_to(club.folder / "later")
    with copy.open(after=timedelta(days=400)) as archive:
        assert archive.consents.portraits.subjects() == set()


def test_renewing_keeps_the_portrait_or_replaces_it(club: Club) -> None:
    leave(club, "Dov")
    before, row = opened(club, "Dov"), sealed_in(club.home, club.ids["Dov"])
    renewed = _renew(club, "Dov")
    assert opened(club, "Dov") == before is not None
    assert sealed_in(club.home, club.ids["Dov"]) != row
    assert {r.get("kb:portrait") for r in records_of(renewed["receipt"])} == {"kept", None}
    _renew(club, "Dov", "--portrait", large_portrait(club, "Dov"))
    after = opened(club, "Dov")
    assert after is not None and after != before


def test_renewing_something_else_alone_keeps_the_portrait_while_ask_holds(club: Club) -> None:
    leave(club, "Dov")
    before = opened(club, "Dov")
    _renew(club, "Dov", "--agree", "find")
    assert opened(club, "Dov") == before is not None
    club.kenbaar("withdraw", club.ids["Dov"], "--purpose", "ask")
    _renew(club, "Dov")
    assert opened(club, "Dov") is None


def test_a_renewal_with_a_key_of_their_own_keeps_the_portrait(club: Club) -> None:
    leave(club, "Dov", options=("--holder", "subject"))
    before = opened(club, "Dov", code=True)
    _renew(club, "Dov", "--code", club.codes["Dov"])
    assert opened(club, "Dov", code=True) == before is not None


def _renew(club: Club, name: str, *options: object) -> dict[str, Any]:
    token = club.kenbaar("renew", club.ids[name])["token"]
    return club.kenbaar("enrol", token, club.portrait(name), *options)


# -- attacks -----------------------------------------------------------------------------------------------------------


def test_a_portrait_put_back_from_yesterday_after_ask_ended_opens_by_no_key_that_is_left(club: Club) -> None:
    """`find` is still in force, and its data key is the same: what it opens is the template, not the portrait."""
    leave(club, "Dov")
    yesterday = club.backup()
    club.kenbaar("withdraw", club.ids["Dov"], "--purpose", "ask")
    club.restored_from(yesterday, "templates.db")
    row = sealed_in(club.home, club.ids["Dov"])
    assert row is not None and opened(club, "Dov") is None
    from kenbaar.consent._sealed_portraits import opened_by

    with club.open() as archive:
        consents = archive.consents
        person = consents.subject(club.ids["Dov"])
        for grant in consents.living_grants(person.id):
            for key in (consents._purpose_key(grant, person, None), consents.data_key(grant, None)):
                with pytest.raises(SealBroken):
                    opened_by(key, row, person.id)


def test_both_databases_of_yesterday_after_ask_ended_open_no_portrait(club: Club) -> None:
    leave(club, "Dov")
    yesterday = club.backup()
    club.kenbaar("withdraw", club.ids["Dov"], "--purpose", "ask")
    club.restored_from(yesterday, "archive.db", "templates.db")
    assert opened(club, "Dov") is None
    with club.open() as archive:
        assert club.ids["Dov"] not in archive.consents.portraits.subjects()


def test_another_persons_portrait_in_ones_place_does_not_open_and_check_names_it(club: Club) -> None:
    leave(club, "Dov")
    leave(club, "Eva")
    with rows(club) as db:
        db.execute(
            "UPDATE sealed_portraits SET sealed = (SELECT sealed FROM sealed_portraits WHERE subject = ?) "
            "WHERE subject = ?",
            (club.ids["Eva"], club.ids["Dov"]),
        )
    club.kenbaar.whole = False
    with pytest.raises(SealBroken):
        opened(club, "Dov")
    answer = club.kenbaar.answer("check")
    assert answer.code == 6 and club.ids["Dov"] in str(answer.data["findings"])
    club.kenbaar("withdraw", club.ids["Dov"])
    assert club.kenbaar("check")["findings"] == []


def test_whose_portrait_was_damaged_renews_with_a_new_one(club: Club) -> None:
    leave(club, "Dov")
    with rows(club) as db:
        db.execute("UPDATE sealed_portraits SET sealed = zeroblob(500)")
    club.kenbaar.refused("enrol", club.kenbaar("renew", club.ids["Dov"])["token"], club.portrait("Dov"), code=6)
    assert [str(g.purpose) for g in living(club, "Dov")] == ["ask", "find"]
    _renew(club, "Dov", "--portrait", club.portrait("Dov"))
    assert opened(club, "Dov") and len(living(club, "Dov")) == 2


def living(club: Club, name: str) -> list[Grant]:
    with club.open() as archive:
        return sorted(archive.consents.living_grants(club.ids[name]), key=lambda g: str(g.purpose))


@pytest.mark.parametrize("edit", ["X''", "substr(sealed, 1, 60)", "zeroblob(500)"])
def test_a_portrait_cut_or_overwritten_is_a_sentence(club: Club, edit: str) -> None:
    leave(club, "Dov")
    with rows(club) as db:
        db.execute(f"UPDATE sealed_portraits SET sealed = {edit}")
    club.kenbaar.whole = False
    with pytest.raises(SealBroken):
        opened(club, "Dov")
    club.kenbaar.refused("export", club.ids["Dov"], club.folder / "dov.zip", code=6)


def test_an_old_portrait_put_back_after_it_was_replaced_does_not_open(club: Club) -> None:
    leave(club, "Dov")
    yesterday = sealed_in(club.home, club.ids["Dov"])
    _renew(club, "Dov", "--portrait", large_portrait(club, "Dov"))
    with rows(club) as db:
        db.execute("UPDATE sealed_portraits SET sealed = ?", (yesterday,))
    club.kenbaar.whole = False
    with pytest.raises(SealBroken):
        opened(club, "Dov")


def test_a_portrait_beside_a_consent_that_was_edited_is_told_by_check_and_opens_not(club: Club) -> None:
    leave(club, "Dov")
    with sqlite3.connect(club.home / "archive.db") as db:
        db.execute("UPDATE grants SET until = '2098-01-01 00:00:00.000000' WHERE purpose = 'ask'")
    db.close()
    club.kenbaar.whole = False
    assert opened(club, "Dov") is None
    assert any("portrait" in f["why"] for f in club.kenbaar.answer("check").data["findings"])


def test_a_portrait_of_somebody_who_never_agreed_to_be_asked_about_is_swept_away(club: Club) -> None:
    leave(club, "Dov")
    with rows(club) as db:
        db.execute("INSERT INTO sealed_portraits SELECT ?, sealed FROM sealed_portraits", (club.ids["Bob"],))
    club.kenbaar("check")
    assert sealed_in(club.home, club.ids["Bob"]) is None and opened(club, "Dov")


# -- kills -------------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours runs after it."""


def killed_at(owner: object, name: str, monkeypatch: pytest.MonkeyPatch, *, before: bool, nth: int = 1) -> None:
    """The n-th call of that step kills, before or after it did its work."""
    real, calls = getattr(owner, name), iter(range(1, 99))

    def kill(*args: Any, **kwargs: Any) -> Any:
        last = next(calls) == nth
        if not (last and before):
            done = real(*args, **kwargs)
        if last:
            monkeypatch.undo()
            raise Killed
        return done

    monkeypatch.setattr(type(owner), name, lambda _, *a, **k: kill(*a, **k))


RENEWING = ["keys.add", "portraits.put", "journal.record", "store.renew", "keys.destroy", "store.keep_receipt"]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", RENEWING)
@pytest.mark.parametrize("new", [False, True], ids=["kept", "replaced"])
def test_a_renewal_killed_at_any_step_leaves_a_portrait_that_opens(
    club: Club, step: str, before: bool, new: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(club, "Dov")
    old = opened(club, "Dov")
    token = club.kenbaar("renew", club.ids["Dov"])["token"]
    photo = club.portrait("Dov")
    with club.open() as archive:
        room, _, name = step.partition(".")
        killed_at(getattr(archive.consents, room), name, monkeypatch, before=before)
        with pytest.raises(Killed):
            archive.enrolments.enrol(
                OFFICER, token, [photo], ["ask", "find"], portrait=large_portrait(club, "Dov") if new else None
            )
    now = opened(club, "Dov")
    renewed = (RENEWING.index(step), not before) >= (RENEWING.index("store.renew"), True)
    assert now is not None and (now == old) == (not (new and renewed))


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", ["portraits.put", "journal.record", "store.enrol", "store.keep_receipt"])
def test_an_enrolment_killed_at_any_step_leaves_a_portrait_with_its_consent_or_none(
    club: Club, step: str, before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, photo = club.invite("Dov", "ask"), club.portrait("Dov")
    with club.open() as archive:
        room, _, name = step.partition(".")
        killed_at(getattr(archive.consents, room), name, monkeypatch, before=before)
        with pytest.raises(Killed):
            archive.enrolments.enrol(OFFICER, token, [photo], ["ask"], portrait=photo)
    with club.open() as archive:
        enrolled = bool(archive.consents.living_grants(club.ids["Dov"]))
        assert (club.ids["Dov"] in archive.consents.portraits.subjects()) == enrolled
        assert enrolled == (step == "store.keep_receipt" or (step == "store.enrol" and not before))
        assert (archive.consents.open_portrait(club.ids["Dov"], None) is not None) == enrolled


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", ["keys.destroy", "store.end_grants", "portraits.delete", "store.keep_receipt"])
def test_a_withdrawal_of_ask_killed_at_any_step_leaves_no_portrait(
    club: Club, step: str, before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(club, "Dov")
    with club.open() as archive:
        room, _, name = step.partition(".")
        killed_at(getattr(archive.consents, room), name, monkeypatch, before=before)
        leaving: Leaving = archive.leaving
        ask: Grant = next(g for g in archive.consents.living_grants(club.ids["Dov"]) if g.purpose.row.asked)
        with pytest.raises(Killed):
            leaving.withdraw(OFFICER, club.ids["Dov"], ask.purpose)
    with club.open() as archive:
        assert archive.consents.portraits.subjects() == set()
        assert archive.consents.open_portrait(club.ids["Dov"], None) is None
        assert [str(g.purpose) for g in archive.consents.living_grants(club.ids["Dov"])] == ["find"]
