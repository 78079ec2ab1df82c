"""What an act states, and who may do it: asked before anything is written."""

from __future__ import annotations

import pytest

from kenbaar.errors import RoleRefused
from kenbaar.ledger import Fact, act_payload, require_permission
from kenbaar.policy import ROLES, SYSTEM, Actor, Event, Permission, RoleName

ADA, BOB = "s-ada00000", "s-bob00000"
JANE = Actor("operator", "jane", "officer")


def test_an_act_states_who_did_it_of_what_kind_and_about_whom() -> None:
    assert act_payload(Event.FIND, JANE, ADA, {"pictures": 2, "reason": None}) == {
        "by": "jane", "actor": "operator", "role": "officer", "subject": ADA, "pictures": 2,
    }  # fmt: skip


def test_a_person_at_a_desk_states_the_account_too_and_no_role() -> None:
    assert act_payload(Event.REJECT, JANE.as_subject(ADA), ADA, {"item": "i-1"}) == {
        "by": ADA, "actor": "subject", "account": "jane", "subject": ADA, "item": "i-1",
    }  # fmt: skip


def test_what_the_system_does_names_no_account() -> None:
    told = act_payload(Event.WITHDRAW, SYSTEM, ADA, {"reason": "date", "purposes": []})
    assert (told["actor"], told["by"]) == ("system", "kenbaar") and "role" not in told and "account" not in told


def test_a_fact_that_is_not_declared_is_a_mistake_also_where_it_says_nothing() -> None:
    told: list[dict[str, Fact]] = [{"names": "Bob"}, {"names": None}, {"pictures": 1, "names": "Bob"}]
    for facts in told:
        with pytest.raises(ValueError, match="does not declare names"):
            act_payload(Event.FIND, JANE, ADA, facts)


@pytest.mark.parametrize("event", Event, ids=str)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_its_row_permits_and_nothing_else(event: Event, role: RoleName) -> None:
    actor, needs = Actor("staff", "eve", role), event.value.needs
    if needs is None or needs in ROLES[role].may:
        require_permission(event, actor, ADA)
    else:
        with pytest.raises(RoleRefused, match=f"{role} eve may not"):
            require_permission(event, actor, ADA)


def test_staff_without_a_role_may_nothing() -> None:
    with pytest.raises(RoleRefused, match="staff eve"):
        require_permission(Event.CHECK, Actor("staff", "eve"), None)


@pytest.mark.parametrize("event", Event, ids=str)
def test_a_person_does_their_own_about_themselves_alone(event: Event) -> None:
    ada = Actor("subject", ADA)
    if event.value.own or event.value.needs is None:
        require_permission(event, ada, ADA)
    else:
        with pytest.raises(RoleRefused):
            require_permission(event, ada, ADA)
    if event.value.needs is not None:
        for other in (BOB, None):
            with pytest.raises(RoleRefused):
                require_permission(event, ada, other)


def test_a_refusal_is_told_whoever_was_refused() -> None:
    for actor in (JANE, Actor("staff", "eve", "auditor"), Actor("subject", BOB), SYSTEM):
        assert act_payload(Event.REFUSED, actor, ADA, {"act": "find", "why": "WrongCode"})["by"] == actor.name


def test_the_system_may_end_what_the_calendar_ends() -> None:
    require_permission(Event.WITHDRAW, SYSTEM, ADA)


def test_every_permission_is_some_events_or_acts() -> None:
    from kenbaar.acts import ACTS

    needed = {event.value.needs for event in Event} | {row.needs for row in ACTS.values()}
    assert needed - {None} == set(Permission)
