"""Consents: who agreed to what, at this moment; and which templates open for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from secrets import token_bytes

import numpy as np
import pytest

from kenbaar.archive import Archive, create_archive
from kenbaar.consent import Consents, Enrolled, Purpose, SealedTemplate, Sessions
from kenbaar.errors import (
    ArchiveBroken,
    ConsentExpired,
    ConsentMissing,
    ConsentWithdrawn,
    KeyDestroyed,
    NotFound,
    TemplateUnreadable,
    UsageError,
    WrongCode,
)
from kenbaar.keys import CodeSession, RecoveryCode, pack_vectors, seal_template
from kenbaar.settings import Settings
from tests.actors import OFFICER

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
LAST_DAY = date(2026, 11, 22)
END = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class House:
    """An archive, and its clock."""

    archive: Archive
    time: list[datetime]

    @property
    def consents(self) -> Consents:
        return self.archive.consents

    def enrol(self, *purposes: str, code: bool = False, until: date = LAST_DAY) -> Enrolled:
        wanted = [Purpose.parse(p) for p in purposes]
        holder = "subject" if code else "organisation"
        invited = self.consents.invite(OFFICER, "Ada", wanted, until=until, holder=holder)  # type: ignore[arg-type]
        pack = self.archive.pack
        vectors = np.eye(1, pack.dim, dtype=np.float32)
        return self.consents.enrol(OFFICER, invited.token, vectors, pack.digest, agreed=wanted)

    def opened(self, *codes: str, only: set[str] | None = None) -> set[str]:
        """Whose templates open for finding."""
        sessions = self.consents.sessions(codes)
        gallery = self.consents.open_gallery(("find",), self.archive.pack.digest, sessions, only=only)
        subjects = set(gallery.subjects)
        gallery.wipe()
        return subjects


@pytest.fixture
def house(tmp_path: Path, tiny_pack_folder: Path) -> Iterator[House]:
    time = [NOW]
    settings = Settings(tmp_path / "home", tmp_path / "cache", pack=str(tiny_pack_folder))
    with closing(create_archive(OFFICER, settings, "The Choir", "us", lambda: time[-1])) as archive:
        yield House(archive, time)


def test_a_grant_is_in_force_until_the_moment_it_ends_and_not_at_it(house: House) -> None:
    ada = house.enrol("find", "show:web").subject
    house.time.append(END - timedelta(seconds=1))
    assert len(house.consents.living_grants(ada)) == 2
    assert house.consents.recognisable().keys() == {ada} == house.opened() == house.consents.may_show("web")
    assert house.consents.require(ada, ["find"]).purpose == Purpose("find")
    house.time.append(END)
    assert house.consents.living_grants(ada) == [] and house.consents.recognisable() == {}
    assert house.opened() == house.consents.may_show("web") == set()
    assert len(house.consents.unended_grants(ada)) == 2, "a withdrawal ends what a date has ended, too"
    with pytest.raises(ConsentExpired, match="has ended"):
        house.consents.require(ada, ["find"])


def test_what_was_never_given_is_not_what_was_withdrawn(house: House) -> None:
    ada = house.enrol("find", "show:web").subject
    house.archive.leaving.withdraw(OFFICER, ada, Purpose("find"))
    with pytest.raises(ConsentWithdrawn, match="withdrew their consent to find"):
        house.consents.require(ada, ["find"])
    assert house.consents.require(ada, ["find", "show"]).purpose == Purpose("show", "web")
    assert [g.purpose for g in house.consents.unended_grants(ada)] == [Purpose("show", "web")]
    bob = house.enrol("find").subject
    with pytest.raises(ConsentMissing, match="did not agree to show or sort"):
        house.consents.require(bob, ["show", "sort"])
    with pytest.raises(NotFound):
        house.consents.require("s-nobody00", ["find"])
    house.archive.leaving.withdraw(OFFICER, ada)
    with pytest.raises(ConsentWithdrawn, match="has left"):
        house.consents.require(ada, ["show"])
    assert house.consents.living_grants("s-nobody00") == []


def test_a_face_may_be_shown_in_the_channels_agreed_to_and_no_other(house: House) -> None:
    web, anywhere = house.enrol("show:web").subject, house.enrol("show").subject
    finding = house.enrol("find").subject
    assert house.consents.may_show("web") == {web, anywhere}
    assert house.consents.may_show("print") == {anywhere}
    recognisable = house.consents.recognisable()
    assert recognisable.keys() == {web, anywhere, finding}
    assert all(len(grants) == 1 for grants in recognisable.values())


def test_a_gallery_holds_whom_it_is_opened_for(house: House) -> None:
    ada, bob, cas = (house.enrol(p).subject for p in ("find", "find", "show:web"))
    assert house.opened() == {ada, bob} == house.opened(only={ada, bob, cas})
    assert house.opened(only={bob}) == {bob}
    assert house.opened(only=set()) == set()


def test_who_holds_their_key_is_in_no_gallery_without_their_code(house: House) -> None:
    ada, bob = house.enrol("find", code=True), house.enrol("find")
    assert ada.code and bob.code is None
    assert house.opened() == {bob.subject}
    assert house.opened(ada.code) == {ada.subject, bob.subject}
    person = house.consents.subject(ada.subject)
    with pytest.raises(WrongCode):
        house.consents.require_session(person, Sessions())
    sessions = house.consents.sessions([ada.code])
    house.consents.require_session(person, sessions)
    house.consents.require_session(house.consents.subject(bob.subject), Sessions())
    assert sessions.actor(OFFICER, ada.subject).kind == "subject" and sessions.actor(OFFICER, bob.subject) == OFFICER


def test_a_code_opens_a_session_where_it_opens_a_consent_in_force(house: House) -> None:
    ada, bob = house.enrol("find", code=True), house.enrol("find", code=True)
    assert ada.code and bob.code
    with pytest.raises(WrongCode):
        house.consents.sessions(["KB-0000-0000"])
    with house.archive.journal.writing():
        held = house.consents.data_key(house.consents.living_grants(ada.subject)[0], _session(house, ada))
        assert len(held) == 32
        with pytest.raises(WrongCode):
            house.consents.data_key(house.consents.living_grants(ada.subject)[0], _session(house, bob))
    house.time.append(END)
    with pytest.raises(ConsentWithdrawn, match="no consent in force"):
        house.consents.sessions([ada.code])


def test_a_code_for_somebody_whose_key_the_archive_holds_is_refused(house: House) -> None:
    bob = house.enrol("find").subject
    with pytest.raises(UsageError, match="not held by a code"):
        house.consents.sessions([RecoveryCode.new(bob, token_bytes).text])


def test_what_was_agreed_to_and_what_is_on_record_are_compared(house: House) -> None:
    ada, bob = house.enrol("find", "show:web").subject, house.enrol("find").subject
    assert house.consents.edited_grants() == house.consents.edited_grants(ada) == []
    assert house.consents.jurisdiction == "us" and house.consents.organisation == "The Choir"
    house.archive.leaving.withdraw(OFFICER, bob)
    assert house.consents.edited_grants() == [], "what was destroyed was not edited"


def test_a_grant_whose_key_is_gone_is_no_grant_whatever_its_row_says(house: House) -> None:
    ada, bob = house.enrol("find", "show:web").subject, house.enrol("find", "show:web").subject
    grants = house.consents.living_grants(ada)
    house.archive.keys.destroy([g.key_id for g in grants], at=NOW)
    assert house.consents.living_grants(ada) == [] and len(house.consents.unended_grants(ada)) == 2
    assert house.consents.recognisable().keys() == {bob} == house.opened() == house.consents.may_show("web")
    assert house.consents.edited_grants() == []
    with pytest.raises(ConsentExpired):
        house.consents.require(ada, ["find"])
    with pytest.raises(KeyDestroyed):
        house.consents.data_key(grants[0], None)


def test_a_grant_whose_row_was_edited_is_no_grant_and_is_told(house: House) -> None:
    ada, bob = house.enrol("find").subject, house.enrol("find", "show:web").subject
    (before,) = house.consents.living_grants(ada)
    with closing(sqlite3.connect(house.archive.settings.home / "archive.db")) as db, db:
        db.execute("UPDATE grants SET purpose = 'show:web' WHERE subject = ?", (ada,))
    assert house.consents.living_grants(ada) == []
    assert house.consents.recognisable().keys() == {bob} == house.opened() == house.consents.may_show("web")
    (edited,) = house.consents.edited_grants()
    assert (edited.subject, edited.id) == (ada, before.id) and house.consents.edited_grants(bob) == []
    for kinds in (["find"], ["show"]):
        with pytest.raises(ArchiveBroken, match="not what was agreed to"):
            house.consents.require(ada, kinds)
    with pytest.raises(ArchiveBroken):
        house.consents.data_key(edited, None)


def test_a_template_other_than_the_one_agreed_to_opens_for_nobody_though_its_key_fits(house: House) -> None:
    ada = house.enrol("find").subject
    consents, pack = house.consents, house.archive.pack
    data_key = consents.data_key(consents.living_grants(ada)[0], None)
    vectors = np.eye(2, pack.dim, dtype=np.float32)[1:]
    sealed = seal_template(data_key, pack_vectors(vectors), subject=ada, pack=pack.digest, version=2)
    consents.templates.put(SealedTemplate(ada, pack.digest, 2, sealed))
    for template in consents.templates.packs_of(ada):
        if template.sealed != sealed:
            consents.templates.delete_one(template)
    with pytest.raises(TemplateUnreadable, match="not the one they agreed to"):
        house.opened()


def _session(house: House, who: Enrolled) -> CodeSession | None:
    assert who.code
    return house.consents.sessions([who.code]).of(who.subject)
