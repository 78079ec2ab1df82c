"""Codes to sign in with: one is shown once, works until another is made, and goes when its person leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from kenbaar.errors import ArchiveBroken, ConsentWithdrawn, NotFound, RoleRefused, TokenRefused, UsageError, WrongCode
from kenbaar.keys import RecoveryCode
from kenbaar.policy import Actor, subject_actor
from tests.actors import OFFICER
from tests.rights.party import Party, a_party


@pytest.fixture
def party(tmp_path: Path, tiny_pack_folder: Path) -> Iterator[Party]:
    with a_party(tmp_path, tiny_pack_folder) as party:
        party.enrol("Ada", 3)
        party.enrol("Bob", 4)
        yield party


def subject(party: Party, name: str = "Ada") -> str:
    return party.people[name].subject


def themselves(party: Party, name: str = "Ada") -> Actor:
    return subject_actor(subject(party, name))


def test_a_code_tells_whose_it_is(party: Party) -> None:
    access = party.archive.access
    codes = {
        name: access.new_code(subject_actor(subject(party, name)), subject(party, name)) for name in ("Ada", "Bob")
    }
    for name, code in codes.items():
        assert access.subject_of(code.lower().replace("-", " ")) == subject(party, name)


def test_a_new_code_ends_the_one_before(party: Party) -> None:
    access = party.archive.access
    before = access.new_code(themselves(party), subject(party))
    after = access.new_code(themselves(party), subject(party))
    with pytest.raises(WrongCode):
        access.subject_of(before)
    assert access.subject_of(after) == subject(party)


def test_no_code_is_kept_as_it_is(party: Party) -> None:
    code = party.archive.access.new_code(themselves(party), subject(party))
    secret = code.replace("-", "")[10:].lower()
    for file in party.settings.home.rglob("*"):
        if file.is_file():
            data = file.read_bytes().lower()
            assert secret.encode() not in data and code.lower().encode() not in data, file


@pytest.mark.parametrize("text", ["", "KB-", "nonsense", "KB-0000-0000-0000-0000-0000-0000-0000-0000-0000"])
def test_what_is_no_code_signs_nobody_in(party: Party, text: str) -> None:
    with pytest.raises(WrongCode):
        party.archive.access.subject_of(text)


def test_a_code_of_somebody_that_was_never_made_signs_nobody_in(party: Party) -> None:
    party.archive.access.new_code(themselves(party), subject(party))
    with pytest.raises(WrongCode):
        party.archive.access.subject_of(RecoveryCode.new(subject(party), lambda n: b"\x07" * n).text)


def test_who_holds_their_own_key_gets_no_other_code(party: Party) -> None:
    party.enrol("Cas", 5, holder="subject")
    with pytest.raises(UsageError, match="recovery code"):
        party.archive.access.new_code(themselves(party, "Cas"), subject(party, "Cas"))


def test_whoever_left_signs_in_no_more_and_nothing_of_it_is_kept(party: Party) -> None:
    archive = party.archive
    code = archive.access.new_code(themselves(party), subject(party))
    archive.leaving.withdraw(OFFICER, subject(party))
    with pytest.raises(WrongCode):
        archive.access.subject_of(code)
    assert archive.access.store.of(subject(party)) == []
    with pytest.raises(ConsentWithdrawn):
        archive.access.new_code(themselves(party), subject(party))


def test_nobody_makes_one_for_somebody_else_or_for_nobody(party: Party) -> None:
    with pytest.raises(RoleRefused):
        party.archive.access.new_code(subject_actor(subject(party, "Bob")), subject(party))
    for staff in (OFFICER, Actor("staff", "a-1", "officer"), Actor("staff", "a-2", "editor")):
        with pytest.raises(RoleRefused, match="owner alone"):
            party.archive.access.new_code(staff, subject(party))
    with pytest.raises(RoleRefused):
        party.archive.access.new_link(Actor("staff", "a-1", "reviewer"), subject(party))
    with pytest.raises(NotFound):
        party.archive.access.new_link(OFFICER, "s-00000000")


def test_that_one_was_made_is_shown_to_the_person(party: Party) -> None:
    party.archive.access.new_link(OFFICER, subject(party))
    newest = party.archive.looks.at(subject(party))[0]
    assert newest.meaning == "A new way to sign in was made for you." and OFFICER.name in newest.who


@pytest.mark.parametrize("change", ["owner = 's-00000000'", "digest = 'abc'", "sign_count = 7", "kind = 'passkey'"])
def test_a_row_that_was_edited_signs_nobody_in_and_is_named(party: Party, change: str) -> None:
    archive = party.archive
    code = archive.access.new_code(themselves(party), subject(party))
    with archive._databases[0].write() as c:
        c.execute(sa.text(f"UPDATE credentials SET {change}"))
    with pytest.raises((ArchiveBroken, WrongCode)):
        archive.access.subject_of(code)
    assert any("signs in with" in problem for problem in archive.check(OFFICER, say=lambda *_: None).problems)


def test_a_passkey_is_its_owners_alone(party: Party) -> None:
    access, ada, bob = party.archive.access, subject(party), subject(party, "Bob")
    access.add_passkey(subject_actor(ada), ada, b"one", b"key", 0)
    for stranger in (subject_actor(bob), OFFICER, Actor("staff", "a-1", "officer")):
        with pytest.raises(RoleRefused):
            access.add_passkey(stranger, ada, b"two", b"key", 0)
        with pytest.raises(RoleRefused):
            access.passkeys(stranger, ada)
    with pytest.raises(UsageError, match="known already"):
        access.add_passkey(subject_actor(bob), bob, b"one", b"another key", 0)
    with pytest.raises(NotFound):
        access.remove_passkey(subject_actor(bob), bob, access.passkeys(subject_actor(ada), ada)[0].id)


def test_a_passkey_that_was_taken_away_is_known_no_more(party: Party) -> None:
    access, ada = party.archive.access, subject(party)
    made = access.add_passkey(subject_actor(ada), ada, b"one", b"key", 0)
    assert access.passkey(b"one") == made
    access.remove_passkey(subject_actor(ada), ada, made.id)
    assert access.passkey(b"one") is None


def test_a_code_is_no_passkey_and_a_passkey_no_code(party: Party) -> None:
    access = party.archive.access
    code = access.new_code(themselves(party), subject(party))
    assert access.passkey(code.encode()) is None
    assert access.passkeys(subject_actor(subject(party)), subject(party)) == []


def test_nobody_has_more_ways_in_than_they_can_oversee(party: Party) -> None:
    access, ada = party.archive.access, subject(party)
    for n in range(20):
        access.add_passkey(subject_actor(ada), ada, b"%d" % n, b"key", 0)
    with pytest.raises(UsageError, match="too many"):
        access.add_passkey(subject_actor(ada), ada, b"more", b"key", 0)


def test_a_link_makes_one_code_once_and_is_good_for_a_week(party: Party) -> None:
    archive, ada = party.archive, subject(party)
    before = archive.access.new_code(themselves(party), ada)
    token, until = archive.access.new_link(OFFICER, ada)
    assert archive.access.subject_of_link(token) == ada and archive.access.subject_of(before) == ada
    assert until - archive.journal.now() > timedelta(days=6)
    after = archive.access.new_code(themselves(party), ada)
    with pytest.raises(TokenRefused):
        archive.access.subject_of_link(token)
    with pytest.raises(WrongCode):
        archive.access.subject_of(before)
    assert archive.access.subject_of(after) == ada


def test_a_second_link_ends_the_first(party: Party) -> None:
    first, _ = party.archive.access.new_link(OFFICER, subject(party))
    second, _ = party.archive.access.new_link(OFFICER, subject(party))
    with pytest.raises(TokenRefused):
        party.archive.access.subject_of_link(first)
    assert party.archive.access.subject_of_link(second) == subject(party)


def test_a_link_is_no_code_and_a_code_no_link(party: Party) -> None:
    access = party.archive.access
    token, _ = access.new_link(OFFICER, subject(party))
    with pytest.raises(WrongCode):
        access.subject_of(token)
    with pytest.raises(TokenRefused):
        access.subject_of_link(access.new_code(themselves(party), subject(party)))


def rows(party: Party) -> list[dict[str, object]]:
    with party.archive._databases[0].read() as c:
        return [dict(row) for row in c.execute(sa.text("SELECT * FROM credentials")).mappings()]


def put_back(party: Party, before: list[dict[str, object]]) -> None:
    """What an operator with a shell does: rows of yesterday, seals and all, into the database of today."""
    with party.archive._databases[0].write() as c:
        c.execute(sa.text("DELETE FROM credentials"))
        for row in before:
            names = ", ".join(row)
            c.execute(sa.text(f"INSERT INTO credentials ({names}) VALUES ({', '.join(':' + n for n in row)})"), row)


def problems(party: Party) -> tuple[str, ...]:
    return party.archive.check(OFFICER, say=lambda *_: None).problems


def test_a_code_that_was_replaced_signs_nobody_in_when_its_row_is_put_back(party: Party) -> None:
    access, ada = party.archive.access, subject(party)
    old = access.new_code(themselves(party), ada)
    yesterday = rows(party)
    new = access.new_code(themselves(party), ada)
    put_back(party, [*yesterday, *rows(party)])
    with pytest.raises(WrongCode):
        access.subject_of(old)
    assert access.subject_of(new) == ada
    assert any("is back in the database" in problem for problem in problems(party))


def test_a_passkey_that_was_taken_away_stays_away_when_its_row_is_put_back(party: Party) -> None:
    access, ada = party.archive.access, subject(party)
    made = access.add_passkey(subject_actor(ada), ada, b"one", b"key", 0)
    yesterday = rows(party)
    access.remove_passkey(subject_actor(ada), ada, made.id)
    put_back(party, yesterday)
    assert access.passkey(b"one") is None and access.passkeys(subject_actor(ada), ada) == []
    assert any("is back in the database" in problem for problem in problems(party))


def test_a_used_link_stays_used_when_its_row_is_put_back(party: Party) -> None:
    access, ada = party.archive.access, subject(party)
    token, _ = access.new_link(OFFICER, ada)
    yesterday = rows(party)
    access.new_code(themselves(party), ada)
    put_back(party, [*yesterday, *rows(party)])
    with pytest.raises(TokenRefused):
        access.subject_of_link(token)


def test_one_ways_key_is_no_other_ways(party: Party) -> None:
    """Yesterday's row with today's key, sealed anew by somebody who could: the key is bound to what it was made for."""
    access, ada = party.archive.access, subject(party)
    old = access.new_code(themselves(party), ada)
    (before,) = access.store.of(ada)
    access.new_code(themselves(party), ada)
    (now,) = access.store.of(ada)
    access.store.put(replace(before, key_id=now.key_id))
    with pytest.raises(WrongCode):
        access.subject_of(old)


def test_that_a_passkey_was_taken_away_is_shown_to_the_person(party: Party) -> None:
    access, ada = party.archive.access, subject(party)
    made = access.add_passkey(subject_actor(ada), ada, b"one", b"key", 0)
    access.remove_passkey(subject_actor(ada), ada, made.id)
    assert party.archive.looks.at(ada)[0].meaning == "A way to sign in of yours was taken away."


def test_the_keys_of_who_left_are_destroyed(party: Party) -> None:
    access, ada = party.archive.access, subject(party)
    access.new_code(themselves(party), ada)
    access.add_passkey(subject_actor(ada), ada, b"one", b"key", 0)
    assert len(party.archive.keys.ids("access")) == 2
    party.archive.leaving.withdraw(OFFICER, ada)
    assert party.archive.keys.ids("access") == []
