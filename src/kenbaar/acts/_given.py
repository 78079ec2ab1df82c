"""A request read from JSON or from words, held to its dataclass; and what such JSON looks like."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import date
from typing import Any

from kenbaar.acts._json import about, members_of
from kenbaar.errors import UsageError

_LONGEST = 2_000  # characters of a text
_MOST = 1_000  # members of a list


def request_schema(kind: type, leave_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a request of this type. What has a default may be left out of it."""
    fields = [f for f in dataclasses.fields(kind) if f.name not in leave_out]
    return {
        "type": "object",
        "description": about(kind),
        "properties": {name: _bounded(schema) for name, schema in members_of(kind, leave_out).items()},
        "required": [f.name for f in fields if _is_required(f)],
        "additionalProperties": False,
    }


def request_of(kind: type, given: Mapping[str, Any], *, words: bool = False) -> Any:
    """The request that was given as the members of a JSON object; words: as text, numbers and dates too.

    Nothing is guessed and nothing is left over. Raises UsageError, which names the member and never what is in it.
    """
    hints = typing.get_type_hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    if unknown := sorted(given.keys() - fields.keys()):
        raise UsageError(f"There is no member {unknown[0][:40]!r} here.", f"Give {', '.join(fields) or 'none'}.")
    if missing := [f.name for f in fields.values() if _is_required(f) and f.name not in given]:
        raise UsageError(f"{missing[0]} is missing.", "Give it too.")
    return kind(**{name: _value(hints[name], value, name, words) for name, value in given.items()})


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _bounded(schema: dict[str, Any]) -> dict[str, Any]:
    """With the bounds that are held to here."""
    if schema.get("type") == "string" and "format" not in schema:
        return schema | {"maxLength": _LONGEST}
    if schema.get("type") == "array":
        return schema | {"items": _bounded(schema["items"]), "maxItems": _MOST}
    if "anyOf" in schema:
        return schema | {"anyOf": [_bounded(each) for each in schema["anyOf"]]}
    return schema


def _value(kind: Any, given: Any, name: str, words: bool) -> Any:
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        if given is None and types.NoneType in typing.get_args(kind):
            return None
        (plain,) = [each for each in typing.get_args(kind) if each is not types.NoneType]
        return _value(plain, given, name, words)
    if origin is tuple and isinstance(given, list) and len(given) <= _MOST:
        return tuple(_value(typing.get_args(kind)[0], each, name, words) for each in given)
    if origin is typing.Literal and given in typing.get_args(kind):
        return given
    if kind is date and isinstance(given, str):
        return _date(given, name)
    if kind is bool:
        given = {"true": True, "false": False}.get(given, given) if words and isinstance(given, str) else given
        if isinstance(given, bool):
            return given
    if kind is int:
        given = int(given) if words and isinstance(given, str) and given.isdecimal() and len(given) < 16 else given
        if isinstance(given, int) and not isinstance(given, bool):
            return given
    if kind is str and isinstance(given, str) and len(given) <= _LONGEST:
        return given
    raise UsageError(f"{name} is not of the kind that is taken here.", "See the description of this address.")


def _date(given: str, name: str) -> date:
    try:
        if len(given) == 10:  # date.fromisoformat takes other forms too
            return date.fromisoformat(given)
    except ValueError:
        pass
    raise UsageError(f"{name} is no date.", "Write it as 2027-06-30.")
