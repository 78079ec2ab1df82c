"""Whether two names are one person's: capitals, accents and look-alike letters make no other person."""

from __future__ import annotations

import re
import unicodedata

# Letters that are drawn like a Latin one, of the scripts in which whole names can be imitated: after the data of
# Unicode Technical Standard 39 (confusables.txt). Capitals and small letters apart: B is drawn in both scripts, not b.
_DRAWN_ALIKE = (
    str.maketrans("АВЕКМНОРСТУХІЈЅҺԌԚԜӀ", "ABEKMHOPCTYXIJShGQWl")  # Cyrillic
    | str.maketrans("аеорсухіјѕһԁԛԝӏк", "aeopcyxijshdqwlk")
    | str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX")  # Greek
    | str.maketrans("αγικνορτυχ", "ayikvoptux")
    | str.maketrans("օսոհ", "ounh")  # Armenian
)
_LATIN = re.compile(r"LATIN (?:(CAPITAL|SMALL) )?LETTER (?:SMALL CAPITAL |DOTLESS |SCRIPT )?([A-Z])(?: WITH .+)?")
_STROKES = str.maketrans("I1|0", "lllO")  # one stroke, or one ring, in many typefaces
_MARKS = ("COMBINING ", "VARIATION SELECTOR")  # vowel signs of Indian scripts are called otherwise: they are letters
_INVISIBLE = "\u115f\u1160\u3164\uffa0"  # Hangul fillers: letters, of which nothing is seen


def is_same_name(one: str, other: str) -> bool:
    """Whether two names are one person's, or drawn so alike that nobody could tell them apart.

    Any of: the same but for capitals, spaces and ways of writing one letter; but for accents, dots, strokes, hyphens
    and letters of other scripts that are drawn alike; but for I, l, 1 and O, 0 too.
    """
    drawn, other_drawn = _drawn(one), _drawn(other)
    return (
        _plain(one) == _plain(other)
        or (bool(drawn) and drawn.casefold() == other_drawn.casefold())
        or (bool(drawn) and drawn.translate(_STROKES) == other_drawn.translate(_STROKES))
    )


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _drawn(name: str) -> str:
    """The name's letters and digits as a reader sees them, in Latin letters as far as they are drawn like those."""
    letters = unicodedata.normalize("NFKD", name).translate(_DRAWN_ALIKE)
    return "".join(_letter(c) for c in letters if _is_seen(c))


def _is_seen(char: str) -> bool:
    is_letter = unicodedata.category(char)[0] in "LNM" or char == "|"
    return is_letter and char not in _INVISIBLE and not unicodedata.name(char, "").startswith(_MARKS)


def _letter(char: str) -> str:
    """The letter without what is added to it: o for an o with a stroke, i for one without its dot."""
    found = None if char.isascii() else _LATIN.fullmatch(unicodedata.name(char, ""))
    if found is None:
        return char
    return found[2] if found[1] == "CAPITAL" else found[2].lower()
