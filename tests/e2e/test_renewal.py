"""People renew: a new template of the pack in use, new keys and a later date; nobody is re-enrolled silently."""

from __future__ import annotations

import shutil
from datetime import timedelta

from tests.e2e.club import Club
from tests.e2e.test_older_packs import changed

__all__ = ["changed"]


def renew(club: Club, name: str, *options: object, as_: str | None = None, code: int = 0) -> dict[str, object]:
    token = club.kenbaar("renew", club.ids[name])["token"]
    answer: dict[str, object] = club.kenbaar("enrol", token, club.portrait(as_ or name), *options, code=code)
    return answer


def test_who_renews_is_found_with_the_pack_in_use_and_keeps_their_pictures(changed: Club) -> None:
    before = changed.found("Ada")
    renew(changed, "Ada")
    shutil.rmtree(changed.kenbaar.cache / "packs" / "old-1")
    changed.photo("new.jpg", "Ada", "Stranger")
    report = changed.sweep()
    assert report["other_pack"] == 2  # Bob and Cas did not renew
    assert set(changed.found("Ada")) == {*before, "new.jpg"}


def test_a_token_to_renew_works_once_and_changes_nothing_until_then(party: Club) -> None:
    token = party.kenbaar("renew", party.ids["Ada"], "--until", "2031-05-01")["token"]
    (row,) = [r for r in party.kenbaar("subjects")["subjects"] if r["subject"] == party.ids["Ada"]]
    assert row["until"] != "2031-05-01"
    assert party.kenbaar("enrol", token, party.portrait("Ada"))["until"] == "2031-05-01"
    (row,) = [r for r in party.kenbaar("subjects")["subjects"] if r["subject"] == party.ids["Ada"]]
    assert row["until"] == "2031-05-01"
    party.kenbaar.refused("enrol", token, party.portrait("Ada"), code=3)


def test_nobody_renews_with_another_persons_photos(party: Club) -> None:
    renew(party, "Ada", as_="Stranger", code=4)
    party.photo("new.jpg", "Stranger", "Ada")
    party.sweep()
    assert "new.jpg" in party.found("Ada") and len(party.items()["new.jpg"]["faces"]) == 2


def test_the_keys_of_before_are_destroyed(party: Club) -> None:
    with party.open() as archive:
        (old,) = [g.key_id for g in archive.consents.living_grants(party.ids["Ada"]) if str(g.purpose) == "find"]
    renew(party, "Ada")
    with party.open() as archive:
        assert old not in archive.keys.alive([old])
        assert {g.end_reason for g in archive.consents.store.grants_of(party.ids["Ada"]) if g.ended_at} == {"renewed"}
    assert party.kenbaar("withdraw", party.ids["Ada"])["left"] is True


def test_who_holds_their_key_renews_with_their_code_and_keeps_it(club: Club) -> None:
    club.enrol("Dov", "find", options=("--holder", "subject"))
    token = club.kenbaar("renew", club.ids["Dov"])["token"]
    club.kenbaar.refused("enrol", token, club.portrait("Dov"), code=3)
    club.kenbaar("enrol", token, club.portrait("Dov"), "--code", club.codes["Dov"])
    club.photo("dov.jpg", "Dov")
    club.collect()
    club.sweep("--code", club.codes["Dov"])
    assert club.found("Dov") == ["dov.jpg"]


def test_who_left_or_never_enrolled_cannot_renew(party: Club) -> None:
    party.kenbaar("withdraw", party.ids["Ada"])
    party.kenbaar.refused("renew", party.ids["Ada"], code=3)
    party.invite("Dov", "find")
    party.kenbaar.refused("renew", party.ids["Dov"], code=3)


def test_after_the_old_date_the_renewed_consent_still_holds(party: Club) -> None:
    token = party.kenbaar("renew", party.ids["Ada"], "--until", "2031-05-01")["token"]
    party.kenbaar("enrol", token, party.portrait("Ada"))
    with party.open(after=timedelta(days=700)) as archive:
        assert party.ids["Ada"] in archive.consents.recognisable()
    party.kenbaar.whole = False  # the clock is back, and the others' consent has ended for good
