"""Who leaves is gone: by their word, by their date, by a key destroyed elsewhere, and after a kill at any step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kenbaar.consent import Purpose, verify_receipt
from kenbaar.errors import ConsentMissing, ConsentWithdrawn, NotFound
from kenbaar.policy import Event
from kenbaar.rights import Leaving
from tests.actors import OFFICER
from tests.rights.party import Party, a_copy, a_party


@pytest.fixture(scope="module")
def made_party(tmp_path_factory: pytest.TempPathFactory, tiny_pack_folder: Path) -> Party:
    """Ada agreed to find and to be shown on the web, Bob to find; one photo of both, swept."""
    with a_party(tmp_path_factory.mktemp("made"), tiny_pack_folder) as p:
        p.enrol("Ada", 1, ("find", "show:web"))  # no portrait: test_portraits.py has those, killed at each step
        p.enrol("Bob", 2)
        p.photo("both.jpg", 1, 2)
        p.add()
        p.sweep()
    return p


@pytest.fixture
def party(made_party: Party, tmp_path: Path) -> Iterator[Party]:
    with a_copy(made_party, tmp_path) as p:
        yield p


@pytest.fixture
def ada(party: Party) -> str:
    return party.people["Ada"].subject


def is_gone(p: Party, subject: str) -> bool:
    """Nothing of that person but a pseudonym that says they left."""
    consents, items = p.archive.consents, p.archive.collections.store
    person = consents.store.subject(subject)
    keys = [g.key_id for g in consents.store.grants_of(subject)]
    return (
        person is not None
        and person.left_at is not None
        and not person.name
        and not consents.keys.alive(keys)
        and subject not in consents.templates.subjects()
        and subject not in consents.portraits.subjects()
        and subject not in items.people()
    )


def test_who_takes_everything_back_is_gone_and_gets_a_receipt_of_it(party: Party, ada: str) -> None:
    departure = party.archive.leaving.withdraw(OFFICER, ada)
    assert departure.left and set(departure.purposes) == {"find", "show:web"}
    assert is_gone(party, ada)
    said = verify_receipt(departure.receipt)
    assert said.kind == "destruction" and said.payload["kb:ledgerEntry"] == departure.entry
    assert [a.subject for a in party.archive.collections.store.appearances_in(_item(party))] == [
        party.people["Bob"].subject
    ]


def test_who_takes_one_purpose_back_keeps_the_other(party: Party, ada: str) -> None:
    departure = party.archive.leaving.withdraw(OFFICER, ada, Purpose.parse("find"))
    assert not departure.left and departure.purposes == ("find",)
    assert [str(g.purpose) for g in party.archive.consents.living_grants(ada)] == ["show:web"]
    assert ada in party.archive.collections.store.people()  # she may still be shown, so her face is still known


def test_nothing_can_be_taken_back_twice_nor_what_was_never_given(party: Party, ada: str) -> None:
    leaving = party.archive.leaving
    with pytest.raises(ConsentMissing):
        leaving.withdraw(OFFICER, ada, Purpose.parse("ask"))
    with pytest.raises(NotFound):
        leaving.withdraw(OFFICER, "s-00000000")
    leaving.withdraw(OFFICER, ada)
    with pytest.raises(ConsentWithdrawn):
        leaving.withdraw(OFFICER, ada)


def test_whose_date_has_passed_is_gone_when_somebody_writes_next_and_kenbaar_itself_did_it(
    party: Party, ada: str
) -> None:
    party.clock.at += timedelta(days=400)
    party.archive.confirm_clock(OFFICER)
    assert is_gone(party, ada) and is_gone(party, party.people["Bob"].subject)
    acts = [a for a in party.archive.ledger.acts(lambda _: None) if a.event == str(Event.WITHDRAW)]
    assert len(acts) == 2


STEPS = [
    "journal.record",
    "consents.keys.destroy",
    "consents.store.end_grants",
    "consents.portraits.delete",
    "consents.templates.delete",
    "items.drop_person",
    "consents.store.forget",
    "consents.store.keep_receipt",
]


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours runs after it."""


def killed_at(leaving: Leaving, step: str, monkeypatch: pytest.MonkeyPatch, *, before: bool) -> None:
    """The next call of that step kills, before or after it did its work."""
    *way, name = step.split(".")
    owner: Any = leaving
    for part in way:
        owner = getattr(owner, part)
    real: Callable[..., Any] = getattr(owner, name)

    def kill(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.undo()
        if not before:
            real(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(type(owner), name, lambda _, *a, **k: kill(*a, **k))


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_next_writer_finishes_it_or_it_never_began(
    party: Party, ada: str, step: str, before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_at(party.archive.leaving, step, monkeypatch, before=before)
    with pytest.raises(Killed):
        party.archive.leaving.withdraw(OFFICER, ada)
    with party.archive.journal.writing():
        pass  # the mark of the killed one is still there
    never_began = step == "journal.record" and before
    assert is_gone(party, ada) != never_began
    bob = party.people["Bob"].subject
    assert party.archive.consents.living_grants(bob) and bob in party.archive.consents.templates.subjects()


def test_a_key_destroyed_elsewhere_ends_what_rested_on_it(party: Party, ada: str) -> None:
    archive = party.archive
    with archive.journal.writing():
        keys = [g.key_id for g in archive.consents.store.grants_of(ada)]
        archive.keys.destroy(keys, at=archive.journal.now())
        archive.leaving.recover(whole=True)
    assert is_gone(party, ada)


def test_what_the_ledger_tells_is_done_again_to_records_from_a_backup(party: Party, ada: str) -> None:
    archive = party.archive
    before = archive.ledger.size
    with archive.journal.writing():
        # the act is in the ledger; the records that the archive has are those of before it
        archive.journal.record(Event.WITHDRAW, OFFICER, subject=ada, reason="withdrawn", purposes=["find", "show:web"])
        assert archive.ledger.size == before + 1
        archive.leaving.replay(ada, {"find", "show:web"}, archive.journal.now() + timedelta(seconds=1))
    assert is_gone(party, ada)


def _item(p: Party) -> str:
    return p.archive.collections.store.items("party", ("present",), "", 9)[0].id
