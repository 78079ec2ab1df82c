"""Where packs disagree about a face, nobody is named."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenbaar.matching import Decision
from kenbaar.sweep import merge_decisions

NOBODY, DOUBT = Decision("unknown"), Decision("undecided")


def is_(subject: str, band: Literal["strong", "possible"] = "strong") -> Decision:
    return Decision("match", subject, band)


@pytest.mark.parametrize(
    ("of_one", "of_other", "merged"),
    [
        (NOBODY, NOBODY, NOBODY),
        (is_("s-ada"), NOBODY, is_("s-ada")),
        (NOBODY, is_("s-bob", "possible"), is_("s-bob", "possible")),
        (is_("s-ada"), is_("s-bob"), DOUBT),
        (is_("s-ada"), is_("s-ada"), DOUBT),
        (is_("s-ada"), DOUBT, DOUBT),
        (DOUBT, NOBODY, DOUBT),
        (DOUBT, DOUBT, DOUBT),
    ],
)
def test_two_packs_together_name_somebody_only_where_one_alone_has_something_to_say(
    of_one: Decision, of_other: Decision, merged: Decision
) -> None:
    assert merge_decisions([[of_one], [of_other]]) == [merged]
    assert merge_decisions([[of_other], [of_one]]) == [merged]


@given(st.lists(st.lists(st.sampled_from([NOBODY, DOUBT, is_("s-a"), is_("s-b")]), min_size=3, max_size=3), min_size=1))
def test_a_name_is_only_ever_one_that_a_single_pack_gave(by_pack: list[list[Decision]]) -> None:
    for face, merged in enumerate(merge_decisions(by_pack)):
        said = [decisions[face] for decisions in by_pack]
        if merged.subject is not None:
            assert [d for d in said if d.outcome != "unknown"] == [merged]
        else:
            assert merged.band is None
            assert (merged.outcome == "unknown") == all(d.outcome == "unknown" for d in said)


def test_one_pack_alone_says_what_it_says() -> None:
    said = [NOBODY, DOUBT, is_("s-ada")]
    assert merge_decisions([said]) == said
