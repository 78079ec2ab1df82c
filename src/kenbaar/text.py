r"""What came from outside, printed so that it cannot act, and JSON from outside, read so that it has one meaning.

printable("a\nb\x1b[2J")        # 'a\\nb\\x1b[2J': one line, and nothing a terminal obeys
read_json(b'{"a": 1, "a": 2}')  # BadJson: which of the two holds would depend on the reader
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any

_JOINERS = "\u200c\u200d"  # zero width (non-)joiner: Persian, Indic scripts and emoji are written with them
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
)  # letters and marks, unseen
_SPACES = frozenset(" \u00a0\u2009\u202f\u3000")  # others look like these, or like nothing
_MOST_MARKS = 4  # one over another: more than any script needs, and enough of them cover the lines around
_LONGEST_JSON = 64_000_000  # bytes; a manifest of 100,000 copies has some 30 million
_DEEPEST = 64  # our own formats: 8
_SAFE_INTEGER = 2**53 - 1  # RFC 7493 2.2: beyond it readers differ


class BadJson(ValueError):
    """This is no JSON that all readers understand alike. The message says why, in a few words."""


def printable(text: str, *, keep: str = "") -> str:
    r"""The text on one line, with every character that acts instead of being seen spelled out (\n, \x1b, \u202e).

    Control and format characters (bidi), surrogates, what is unassigned or private, line and paragraph separators,
    unusual spaces, invisible letters, and marks piled up. Joiners stay between letters, marks and symbols. A backslash
    is doubled where it could be taken for the beginning of such a spelling, so that no two texts print the same.
    keep: characters to leave as they are (line ends, where text is laid out by whoever shows it).
    """
    if _PLAIN.fullmatch(text):
        return text
    out: list[str] = []
    marks = 0
    for i, char in enumerate(text):
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if char in keep:
            out.append(char)
        elif char == "\\":
            out.append("\\\\" if text[i + 1 : i + 2] in _ESCAPES else char)
        elif char in _JOINERS:
            joins = 0 < i < len(text) - 1 and _joinable(text[i - 1]) and _joinable(text[i + 1])
            out.append(char if joins else _spelled(char))
        elif _acts(char) or marks > _MOST_MARKS:
            out.append(_spelled(char))
        else:
            out.append(char)
    return "".join(out)


def shown(value: Any) -> Any:
    """For pages: a text as `printable` prints it, line ends aside; everything else as it is (jinja2's finalize)."""
    return printable(value, keep="\n\t") if type(value) is str else value


def printable_cell(text: str) -> str:
    """The same for a cell of a CSV file: no spreadsheet takes it for a formula."""
    shown = printable(text)
    return f"'{shown}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else shown


def json_text(value: Any, *, indent: int | None = None, default: Callable[[Any], Any] = str) -> str:
    """The value as JSON, on one line where no indent is given, in which no character acts: those that would are
    spelled as JSON spells them. default: what stands for a value that JSON has no form of."""
    text = json.dumps(value, ensure_ascii=False, default=default, indent=indent)
    if _PLAIN_JSON.fullmatch(text):
        return text
    return "".join(json.dumps(char)[1:-1] if _acts(char) and char not in _KEPT_IN_JSON else char for char in text)


def read_json(data: bytes | str, *, limit_bytes: int = _LONGEST_JSON, big_integers: bool = False) -> Any:
    """The value of this JSON text (RFC 8259, restricted as RFC 7493 is). Raises BadJson for anything else.

    Refused are: other encodings than UTF-8, members that are there twice, NaN and infinity, numbers that overflow,
    integers that readers round (beyond 2^53, unless big_integers: for files that only we write and read), halves of
    surrogate pairs, nesting beyond 64, and more bytes than the limit.
    """
    if len(data) > limit_bytes:
        raise BadJson("is too long")
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=int if big_integers else _integer,
        )
    except UnicodeDecodeError as err:
        raise BadJson("is not UTF-8") from err
    except RecursionError as err:
        raise BadJson("is nested too deep") from err
    except json.JSONDecodeError as err:
        raise BadJson("is not JSON") from err
    _check(value, 0)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadJson("has a member twice")
    return found


def _constant(text: str) -> float:
    raise BadJson(f"has {text}, which is no number")


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise BadJson("has a number out of range")
    return value


def _integer(text: str) -> int:
    if len(text) > 17 or abs(value := int(text)) > _SAFE_INTEGER:
        raise BadJson("has a number out of range")
    return value


def _check(value: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise BadJson("is nested too deep")
    if isinstance(value, str):
        if _HALF.search(value):
            raise BadJson("has half a character")
    elif isinstance(value, dict):
        for name, member in value.items():
            if _HALF.search(name):
                raise BadJson("has half a character")
            _check(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            _check(member, depth + 1)


_ESCAPES = frozenset("\\xuUnrt")
_PLAIN = re.compile(r"[ -\[\]-~]*")  # ASCII but the backslash
_PLAIN_JSON = re.compile(r"[ -~\n]*")
_KEPT_IN_JSON = frozenset(_JOINERS + "\n")  # inside a text a line end is spelled already
_HALF = re.compile("[\ud800-\udfff]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


@lru_cache(4096)
def _acts(char: str) -> bool:
    category = unicodedata.category(char)
    return (
        category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        or char in _INVISIBLE
        or (category == "Zs" and char not in _SPACES)
    )


def _joinable(char: str) -> bool:
    return unicodedata.category(char)[0] in "LMS" and char not in _INVISIBLE


def _spelled(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return _SHORT.get(char, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
