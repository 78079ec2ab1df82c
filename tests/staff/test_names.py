"""Names that nobody could tell apart are one person's; names of two people are not."""

from __future__ import annotations

import pytest

from kenbaar.staff import is_same_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rik", "RIK"),
        ("Rik", "  rik "),
        ("Rik de Vries", "Rik  de  Vries"),
        ("Rik", "Rık"),  # a dotless i
        ("Rik", "Ríḱ"),
        ("Rik", "Rіk"),  # a Cyrillic i
        ("Rik", "Riк"),  # a Cyrillic k
        ("Rik", "Rik\u3164"),  # a letter of which nothing is seen
        ("Rik", "Ri\u034fk"),  # a mark of which nothing is seen
        ("Rik", "Ri\ufe0fk"),
        ("Rik", "ʀɪᴋ"),  # small capitals
        ("Rik", "𝐑𝐢𝐤"),
        ("Rik", "ｒｉｋ"),
        ("Bill", "BiII"),
        ("Bill", "Bi11"),
        ("Bill", "Bi|l"),
        ("Otto", "0tto"),
        ("Otto", "Øtto"),
        ("ANNA", "АNNА"),  # Cyrillic capitals
        ("Eva", "Ενa"),  # Greek
        ("Jan-Willem", "Jan Willem"),
        ("O'Brien", "O’Brien"),
        ("Łukasz", "Lukasz"),
        ("Ian", "łan"),  # a small l with a stroke
        ("Strauß", "STRAUSS"),
        ("вера", "ВЕРА"),
        ("νικος", "ΝΙΚΟΣ"),
    ],
)
def test_names_that_are_drawn_alike_are_one_persons(one: str, other: str) -> None:
    assert is_same_name(one, other) and is_same_name(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rik", "Rick"),
        ("Anna", "Hanna"),
        ("Tim", "Tom"),
        ("Ian", "Lan"),
        ("Ian", "Łan"),
        ("Olga", "Ola"),
        ("Вера", "Вета"),
        ("कमल", "कुमल"),  # a vowel sign is a letter, not an accent
        ("김", "이"),
        ("王芳", "王方"),
        ("Eddy", "Eddy 2"),
        ("-", "+"),
        ("Ada", "-"),
    ],
)
def test_names_of_two_people_are_two(one: str, other: str) -> None:
    assert not is_same_name(one, other) and not is_same_name(other, one)
