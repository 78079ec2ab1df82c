"""Enrolling, renewing and agreeing to one purpose more, at the room's door: what gets a new key, and what stays."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kenbaar.archive import Archive
from kenbaar.consent import Consents, Enrolled, Holder, Purpose, Sessions
from kenbaar.errors import ConsentMissing, UsageError, WrongCode
from kenbaar.policy import Event
from tests.actors import OFFICER
from tests.rights.party import Party, a_party

PORTRAIT, ANOTHER = b"a portrait", b"another portrait"
NOBODY = Sessions()


@pytest.fixture
def party(tmp_path: Path, tiny_pack_folder: Path) -> Iterator[Party]:
    with a_party(tmp_path, tiny_pack_folder) as p:
        yield p


@pytest.fixture
def archive(party: Party) -> Archive:
    return party.archive


@pytest.fixture
def consents(archive: Archive) -> Consents:
    return archive.consents


def purposes(*names: str) -> list[Purpose]:
    return [Purpose.parse(name) for name in names]


def vectors(archive: Archive, seed: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(1, archive.pack.dim)).astype(np.float32)
    made: NDArray[np.float32] = rows / np.linalg.norm(rows)
    return made


def enrol(
    archive: Archive,
    *offered: str,
    agreed: tuple[str, ...] = (),
    portrait: bytes | None = None,
    holder: Holder = "organisation",
    face: bool = True,
) -> Enrolled:
    invited = archive.consents.invite(OFFICER, "Ada", purposes(*offered), holder=holder)
    return archive.consents.enrol(
        OFFICER,
        invited.token,
        vectors(archive, 1) if face else None,
        archive.pack.digest if face else "",
        agreed=purposes(*(agreed or offered)),
        portrait=portrait,
    )


def renew(
    archive: Archive,
    subject: str,
    *agreed: str,
    seed: int | None = None,
    portrait: bytes | None = None,
    sessions: Sessions = NOBODY,
) -> Enrolled:
    token = archive.consents.invite_again(OFFICER, subject).token
    rows = None if seed is None else vectors(archive, seed)
    pack = "" if seed is None else archive.pack.digest
    return archive.consents.renew(
        OFFICER, token, rows, pack, agreed=purposes(*agreed), sessions=sessions, portrait=portrait
    )


def keys_of(consents: Consents, subject: str) -> dict[str, str]:
    return {str(grant.purpose): grant.key_id for grant in consents.living_grants(subject)}


def template_of(archive: Archive, subject: str) -> NDArray[np.float32]:
    """What a search for `find` sees of them; one row."""
    gallery = archive.consents.open_gallery(("find",), archive.pack.digest, NOBODY, dim=archive.pack.dim)
    with archive.journal.writing():
        gallery.recorded(archive.journal.record(Event.COMPARE, OFFICER, subject=subject))
    return gallery.rows_of(subject)


def told(enrolled: Enrolled) -> str:
    """What the receipt says, as JSON."""
    payload = enrolled.receipt.split(".")[1]
    return json.dumps(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


def test_a_consent_lasts_a_year_where_nothing_else_is_said_and_an_invitation_thirty_days(
    party: Party, consents: Consents
) -> None:
    invited = consents.invite(OFFICER, "Ada", purposes("find"))
    assert (invited.until.date() - party.clock.at.date()).days == 365
    again = consents.invite_again(OFFICER, enrol(party.archive, "find").subject)
    assert (again.until.date() - party.clock.at.date()).days == 365
    party.clock.at += timedelta(days=30) - timedelta(minutes=1)
    assert consents.offer(invited.token)[0].id == invited.subject


def test_a_portrait_without_ask_is_refused_and_nothing_is_kept(archive: Archive, consents: Consents) -> None:
    invited = consents.invite(OFFICER, "Ada", purposes("find", "ask"))
    with pytest.raises(UsageError):
        consents.enrol(
            OFFICER, invited.token, vectors(archive, 1), archive.pack.digest, agreed=purposes("find"), portrait=PORTRAIT
        )
    assert consents.living_grants(invited.subject) == [] and consents.portraits.get(invited.subject) is None


def test_a_portrait_with_ask_is_kept_and_opens_as_long_as_ask_is_agreed_to(
    archive: Archive, consents: Consents
) -> None:
    ada = enrol(archive, "find", "ask", portrait=PORTRAIT)
    assert consents.open_portrait(ada.subject, None) == PORTRAIT


def test_the_receipt_says_whether_a_template_and_a_portrait_were_kept(archive: Archive) -> None:
    with_face, by_hand = enrol(archive, "find", "ask", portrait=PORTRAIT), enrol(archive, "ask", face=False)
    assert told(with_face).count("pd:FacialPrint") == 2 and '"kb:portrait": "kept"' in told(with_face)
    assert "pd:FacialPrint" not in told(by_hand) and '"kb:portrait": "none"' in told(by_hand)


def test_who_agrees_to_nothing_that_compares_has_no_template_though_photos_were_given(
    archive: Archive, consents: Consents
) -> None:
    ada = enrol(archive, "name", "find", agreed=("name",))
    assert consents.templates.packs_of(ada.subject) == [] and "pd:FacialPrint" not in told(ada)
    assert [(g.pack, g.template) for g in consents.living_grants(ada.subject)] == [("", "")]
    renewed = renew(archive, ada.subject, "name", seed=2)
    assert consents.templates.packs_of(ada.subject) == [] and "pd:FacialPrint" not in told(renewed)


def test_who_agreed_to_something_that_compares_gets_a_new_template_by_renewing_anything(
    archive: Archive, consents: Consents
) -> None:
    ada = enrol(archive, "name", "find")
    renew(archive, ada.subject, "name", seed=2)
    assert np.allclose(template_of(archive, ada.subject), vectors(archive, 2), atol=1e-3)


def test_renewing_changes_the_keys_of_what_was_agreed_to_again_and_no_others(
    archive: Archive, consents: Consents
) -> None:
    ada = enrol(archive, "find", "ask", "show:web")
    before = keys_of(consents, ada.subject)
    renewed = renew(archive, ada.subject, "find")
    after = keys_of(consents, ada.subject)
    assert after.keys() == before.keys() and renewed.subject == ada.subject
    assert {name for name in before if before[name] != after[name]} == {"find"}
    assert set(consents.keys.alive([*before.values(), *after.values()])) == set(after.values())


def test_a_renewed_template_is_opened_by_every_purpose_that_stays(archive: Archive, consents: Consents) -> None:
    ada = enrol(archive, "find", "ask")
    dates = {str(g.purpose): (g.given_at, g.until) for g in consents.living_grants(ada.subject)}
    before = keys_of(consents, ada.subject)
    renew(archive, ada.subject, "ask", seed=2)
    after = keys_of(consents, ada.subject)
    assert not set(before.values()) & set(after.values()), "each opens the new template by a key of its own"
    find = next(g for g in consents.living_grants(ada.subject) if str(g.purpose) == "find")
    assert (find.given_at, find.until) == dates["find"], "what was not agreed to again lasts no longer"
    assert np.allclose(template_of(archive, ada.subject), vectors(archive, 2), atol=1e-3)
    (kept,) = consents.templates.packs_of(ada.subject)
    assert kept.version == 2


def test_renewing_without_photos_keeps_the_template(archive: Archive, consents: Consents) -> None:
    ada = enrol(archive, "find", "ask")
    renewed = renew(archive, ada.subject, "find")
    assert np.allclose(template_of(archive, ada.subject), vectors(archive, 1), atol=1e-3)
    assert {bool(g.template and g.pack) for g in consents.living_grants(ada.subject)} == {True}
    assert renewed.until == max(g.until for g in consents.living_grants(ada.subject))


@pytest.mark.parametrize("agreed", ["find", "ask"])
@pytest.mark.parametrize("seed", [None, 2], ids=["the same template", "a new one"])
def test_a_portrait_outlives_a_renewal_that_brings_no_other(
    archive: Archive, consents: Consents, agreed: str, seed: int | None
) -> None:
    ada = enrol(archive, "find", "ask", portrait=PORTRAIT)
    renew(archive, ada.subject, agreed, seed=seed)
    assert consents.open_portrait(ada.subject, None) == PORTRAIT


def test_a_portrait_is_replaced_by_a_renewal_that_brings_another(archive: Archive, consents: Consents) -> None:
    ada = enrol(archive, "find", "ask", portrait=PORTRAIT)
    renew(archive, ada.subject, "ask", portrait=ANOTHER)
    assert consents.open_portrait(ada.subject, None) == ANOTHER


def test_a_portrait_without_ask_is_refused_at_a_renewal_too(archive: Archive, consents: Consents) -> None:
    ada = enrol(archive, "find", "ask", portrait=PORTRAIT)
    with pytest.raises(UsageError):
        renew(archive, ada.subject, "find", portrait=ANOTHER)
    assert consents.open_portrait(ada.subject, None) == PORTRAIT


def test_who_agrees_to_nothing_again_keeps_everything_as_it_was(archive: Archive, consents: Consents) -> None:
    ada = enrol(archive, "find")
    before = keys_of(consents, ada.subject)
    with pytest.raises(ConsentMissing):
        renew(archive, ada.subject, "ask")
    assert keys_of(consents, ada.subject) == before


def test_who_holds_their_key_renews_and_agrees_with_their_code_alone(archive: Archive, consents: Consents) -> None:
    ada = enrol(archive, "find", "ask", agreed=("find",), holder="subject")
    assert ada.code
    with pytest.raises(WrongCode):
        renew(archive, ada.subject, "find")
    with pytest.raises(WrongCode):
        consents.agree(OFFICER, ada.subject, Purpose.parse("ask"), sessions=NOBODY)
    theirs = consents.sessions([ada.code])
    assert renew(archive, ada.subject, "find", sessions=theirs).subject == ada.subject
    assert consents.agree(OFFICER, ada.subject, Purpose.parse("ask"), sessions=theirs).purposes == (
        Purpose.parse("ask"),
    )


def test_one_purpose_more_is_one_that_was_offered_and_is_not_agreed_to_yet(
    archive: Archive, consents: Consents
) -> None:
    ada = enrol(archive, "find", "ask", "show:web", agreed=("find",))
    assert [str(p) for p in consents.may_agree_to(ada.subject)] == ["ask", "show:web"]
    for refused, why in (("find", UsageError), ("show:print", ConsentMissing)):
        with pytest.raises(why):
            consents.agree(OFFICER, ada.subject, Purpose.parse(refused), sessions=NOBODY)
    agreed = consents.agree(OFFICER, ada.subject, Purpose.parse("ask"), sessions=NOBODY)
    grants = {str(g.purpose): g for g in consents.living_grants(ada.subject)}
    assert set(grants) == {"find", "ask"} and grants["ask"].until == grants["find"].until == agreed.until
    assert grants["ask"].template == grants["find"].template != ""
    assert [str(p) for p in consents.may_agree_to(ada.subject)] == ["show:web"]


def test_nobody_who_is_not_enrolled_agrees_to_one_purpose_more(consents: Consents) -> None:
    invited = consents.invite(OFFICER, "Ada", purposes("find"))
    with pytest.raises(ConsentMissing):
        consents.agree(OFFICER, invited.subject, Purpose.parse("find"), sessions=NOBODY)


def test_a_purpose_more_that_compares_nobody_opens_no_template(archive: Archive, consents: Consents) -> None:
    ada = enrol(archive, "find", "name", agreed=("find",))
    agreed = consents.agree(OFFICER, ada.subject, Purpose.parse("name"), sessions=NOBODY)
    (name,) = [g for g in consents.living_grants(ada.subject) if str(g.purpose) == "name"]
    assert (name.pack, name.template) == ("", "") and "pd:FacialPrint" not in told(agreed)


def test_a_purpose_more_of_somebody_pointed_out_by_hand_opens_no_template(archive: Archive, consents: Consents) -> None:
    ada = enrol(archive, "find", "ask", agreed=("find",), face=False)
    agreed = consents.agree(OFFICER, ada.subject, Purpose.parse("ask"), sessions=NOBODY)
    assert {g.template for g in consents.living_grants(ada.subject)} == {""} and "pd:FacialPrint" not in told(agreed)
