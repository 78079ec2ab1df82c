"""Inviting: what is offered is named, nothing is ticked, everything ends, and a token is kept only as its hash."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenbaar.consent import Purpose
from kenbaar.consent._invite import check_invitation, make_invitation, make_renewal
from kenbaar.errors import TokenRefused, UsageError
from kenbaar.keys import token_hash

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def invite(**changed: Any) -> Any:
    given_ = {
        "until": None, "holder": None, "guardian": None, "minor": False, "jurisdiction": "us", "now": NOW,
        "grant_days": 365, "invitation_days": 30, "log_key": "k-1",
    }  # fmt: skip
    return make_invitation("Ada", [Purpose("find")], **{**given_, **changed})


def test_the_token_is_kept_nowhere_but_as_its_hash() -> None:
    subject, invitation, token = invite()
    assert invitation.token_hash == token_hash(token)
    assert token not in repr((subject, invitation)) and "Ada" not in repr(subject)


def test_no_two_tokens_or_subjects_are_alike() -> None:
    made = [invite() for _ in range(200)]
    assert len({token for _, _, token in made}) == len({s.id for s, _, _ in made}) == 200


@given(st.integers(1, 5000), st.sampled_from(["eu", "uk", "ch", "us", "us-il", "other"]), st.booleans())
def test_every_consent_ends_and_a_minors_within_a_year(days: int, jurisdiction: str, minor: bool) -> None:
    guardian = "Mother" if minor else None
    _, invitation, _ = invite(grant_days=days, jurisdiction=jurisdiction, minor=minor, guardian=guardian)
    assert NOW < invitation.until <= NOW + timedelta(days=days + 1)
    if minor:
        assert invitation.until <= NOW + timedelta(days=366)
    if jurisdiction == "us-il":
        assert invitation.until <= NOW + timedelta(days=3 * 365 + 1)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_a_minors_end_date_beyond_a_year_is_refused_and_never_shortened(until: date) -> None:
    try:
        _, invitation, _ = invite(until=until, minor=True, guardian="Mother")
    except UsageError:
        assert until < NOW.date() or until >= (NOW + timedelta(days=365)).date()
    else:
        assert invitation.until.date() == until + timedelta(days=1)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\0b", "x" * 201, "\udcff"])
def test_a_name_that_does_not_print_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        make_invitation(
            name, [Purpose("find")], until=None, holder=None, guardian=None, minor=False, jurisdiction="us", now=NOW,
            grant_days=1, invitation_days=1, log_key="",
        )  # fmt: skip


def test_a_token_is_refused_when_it_is_unknown_used_or_expired() -> None:
    from dataclasses import replace

    _, invitation, _ = invite()
    assert check_invitation(invitation, NOW) is invitation
    for untimely, at in (
        (None, NOW),
        (replace(invitation, used_at=NOW), NOW),
        (invitation, invitation.expires_at),
        (invitation, invitation.until),
    ):
        with pytest.raises(TokenRefused):
            check_invitation(untimely, at)


@given(st.text(max_size=40))
def test_a_purpose_is_one_of_four_or_refused(text: str) -> None:
    try:
        purpose = Purpose.parse(text)
    except UsageError:
        return
    assert str(purpose) == text and purpose.kind in ("find", "show", "name", "ask")


@pytest.mark.parametrize(
    "text", ["show:", "show:WEB", "show:-web", "show:a b", "find:web", "Find", "show:" + "x" * 33, ":"]
)
def test_channels_are_short_plain_words_and_only_for_show(text: str) -> None:
    with pytest.raises(UsageError):
        Purpose.parse(text)


@given(st.from_regex(r"[a-z0-9]{1,10}", fullmatch=True), st.from_regex(r"[a-z0-9]{1,10}", fullmatch=True))
def test_show_in_one_channel_is_show_in_no_other(granted: str, asked: str) -> None:
    assert Purpose("show", granted).allows_show_on(asked) == (granted == asked)
    assert Purpose("show").allows_show_on(asked)
    assert not Purpose("find").allows_show_on(asked)


def test_a_token_is_kept_as_the_sha_256_of_what_was_handed_over() -> None:
    import hashlib

    _, invitation, token = invite()
    assert invitation.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert token not in repr(invitation)


@pytest.mark.parametrize(
    ("jurisdiction", "asked", "holder"),
    [
        ("eu", None, "subject"),
        ("eea", None, "subject"),
        ("us", None, "organisation"),
        ("us", "subject", "subject"),
        ("eu", "organisation", "organisation"),
    ],
)
def test_the_key_is_held_by_whom_the_invitation_says_else_by_whom_the_law_there_has_it(
    jurisdiction: str, asked: str | None, holder: str
) -> None:
    subject, _, _ = invite(jurisdiction=jurisdiction, holder=asked)
    assert subject.holder == holder


def test_a_renewal_names_the_same_person_and_works_for_so_many_days() -> None:
    subject, _, _ = invite()
    made = {"until": None, "jurisdiction": "us", "now": NOW, "grant_days": 90, "invitation_days": 7}
    invitation, token = make_renewal(subject, [Purpose("find")], **made)  # type: ignore[arg-type]
    assert (invitation.subject, invitation.expires_at) == (subject.id, NOW + timedelta(days=7))
    assert invitation.token_hash == token_hash(token) and NOW < invitation.until <= NOW + timedelta(days=91)


@pytest.mark.parametrize(
    ("jurisdiction", "minor", "days", "words"),
    [("us-il", False, 3 * 365, "in this jurisdiction"), ("us", True, 365, "for a minor")],
)
def test_a_consent_may_hold_to_its_longest_day_and_not_a_day_longer(
    jurisdiction: str, minor: bool, days: int, words: str
) -> None:
    last = NOW.date() + timedelta(days=days)
    asked = {"jurisdiction": jurisdiction, "minor": minor, "guardian": "Cleo" if minor else None}
    _, invitation, _ = invite(until=last, **asked)
    assert invitation.until.date() == last + timedelta(days=1)
    with pytest.raises(UsageError, match=words):
        invite(until=last + timedelta(days=1), **asked)


MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_day_that_ended_this_very_moment_has_passed() -> None:
    with pytest.raises(UsageError, match="has passed"):
        invite(until=date(2026, 11, 20), now=MIDNIGHT)
    assert invite(until=date(2026, 11, 21), now=MIDNIGHT)[1].until == MIDNIGHT + timedelta(days=1)


def test_the_longest_that_is_allowed_is_allowed_to_the_last_moment_of_its_day() -> None:
    longest = MIDNIGHT.date() + timedelta(days=365)
    _, invitation, _ = invite(until=longest, minor=True, guardian="Mother", now=MIDNIGHT)
    assert invitation.until == MIDNIGHT + timedelta(days=366)
    with pytest.raises(UsageError, match="longest allowed"):
        invite(until=longest + timedelta(days=1), minor=True, guardian="Mother", now=MIDNIGHT)


def test_a_renewal_for_a_minor_is_bound_as_the_first_consent_was_and_an_adults_is_not() -> None:
    def renewed(subject: Any) -> Any:
        two_years = NOW.date() + timedelta(days=730)
        return make_renewal(
            subject, [Purpose("find")], until=two_years, jurisdiction="us", now=NOW, grant_days=365, invitation_days=30
        )

    assert renewed(invite()[0])[0].until > NOW + timedelta(days=729)
    with pytest.raises(UsageError, match="for a minor"):
        renewed(invite(minor=True, guardian="Mother")[0])
