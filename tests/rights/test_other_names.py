"""Other people's names in file names and notes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenbaar.consent import Subject
from kenbaar.rights._other_names import LEFT_OUT, OtherNames
from tests.rights.party import START


def _names(*people: str, own: str = "Ada Smit") -> OtherNames:
    everybody = [own, *people]
    return OtherNames([Subject(f"s-{n}", name, "organisation", START) for n, name in enumerate(everybody)], "s-0")


@pytest.mark.parametrize(
    "text",
    [
        "bob.jpg",
        "BOB_2.jpg",
        "BobOnStage.jpg",
        "me and bob",
        "bob2.jpg",
        "the jonkersen.jpg",
        "Zoë.png",
        "ZOE1.png",
        "李雷.jpg",
    ],
)
def test_a_text_that_names_somebody_else_is_left_out_whole(text: str) -> None:
    assert _names("Bob Jonkers", "Zoë de Wit", "李雷").without(text) == LEFT_OUT


@pytest.mark.parametrize("text", ["bobsleigh.jpg", "IMG_0042.jpg", "de zee.jpg", "ada smit.jpg", "", "stage.jpg"])
def test_a_text_that_names_nobody_else_stays(text: str) -> None:
    assert _names("Bob Jonkers", "Zoë de Wit", "Eva Smit").without(text) == text


def test_a_guardians_name_is_left_out_too() -> None:
    child = Subject("s-1", "Bob", "organisation", START, guardian="Carolien")
    assert OtherNames([child], "s-0").without("carolien.jpg") == LEFT_OUT


@given(st.text(st.characters(categories=("Ll", "Lu")), min_size=4), st.text(), st.text())
def test_a_longer_name_is_found_wherever_it_stands(name: str, before: str, after: str) -> None:
    assert _names(name, own="").without(before + name + after) == LEFT_OUT
