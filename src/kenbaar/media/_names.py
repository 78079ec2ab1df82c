"""File names as text that can be stored and printed, and back."""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\\(?:\\|x([0-9a-f]{2})|u\{([0-9a-f]{1,6})\})")


def encode_name(name: str) -> str:
    r"""A file name as text that prints on one line and can be stored; decode_name gives back every byte.

    Bytes that are not UTF-8 (surrogates, PEP 383) become \xNN, characters that do not print (newlines, direction marks)
    \u{N}, a backslash \\. Most names stay as they are.
    """
    return "".join(_encode_character(c) for c in name)


def decode_name(text: str) -> str:
    """The file name that encode_name made this of."""

    def decoded(found: re.Match[str]) -> str:
        byte, point = found.groups()
        if byte:
            return chr(0xDC00 + int(byte, 16))
        return chr(int(point, 16)) if point else "\\"

    return _ESCAPED.sub(decoded, text)


def _encode_character(c: str) -> str:
    if c == "\\":
        return "\\\\"
    if "\udc80" <= c <= "\udcff":
        return f"\\x{ord(c) - 0xDC00:02x}"
    return c if c.isprintable() else f"\\u{{{ord(c):x}}}"
