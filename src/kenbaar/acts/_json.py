"""An answer as JSON, and what such JSON looks like: one serialiser and one schema for all acts."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from kenbaar.faces import Box

# What a field of an answer is to its JSON, as `field(metadata=...)` says it; most say nothing, and are a member.
HIDDEN = {"json": "hidden"}  # for whoever renders the answer in this process
IF_GIVEN = {"json": "if given"}  # left out where it is None
WHOLE = {"json": "whole"}  # the one field that is the JSON itself


def as_json(answer: Any) -> Any:
    """Values that `json.dumps` takes. Dates in ISO 8601, paths as text, a box as [x_min, y_min, x_max, y_max]."""
    if isinstance(answer, Box):
        return answer.as_list()
    if dataclasses.is_dataclass(answer) and not isinstance(answer, type):
        told = {}
        for field in dataclasses.fields(answer):
            value, how = getattr(answer, field.name), field.metadata
            if how == WHOLE:
                return as_json(value)
            if how != HIDDEN and not (how == IF_GIVEN and value is None):
                told[field.name] = as_json(value)
        return told
    if isinstance(answer, Mapping):
        return {str(key): as_json(value) for key, value in answer.items()}
    if isinstance(answer, (list, tuple, frozenset, set)):
        return [as_json(value) for value in (sorted(answer) if isinstance(answer, (set, frozenset)) else answer)]
    if isinstance(answer, (datetime, date)):
        return answer.isoformat()
    if isinstance(answer, Enum):
        return str(answer)
    return str(answer) if isinstance(answer, Path) else answer


def schema_of(answer: type, name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of an answer of this type."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:kenbaar:schema:{name}:1",
        "title": name,
        **_schema(answer),
    }


_PLAIN: dict[object, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    types.NoneType: {"type": "null"},
    Path: {"type": "string", "description": "A path."},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    Box: {
        "type": "array",
        "items": {"type": "integer"},
        "minItems": 4,
        "maxItems": 4,
        "description": "x_min, y_min, x_max, y_max, px of the upright photo, half-open.",
    },
    Any: {},
    object: {},
}


def _schema(kind: Any) -> dict[str, Any]:
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return {"anyOf": [_schema(each) for each in typing.get_args(kind)]}
    if typing.get_origin(kind) is typing.Literal:
        return {"enum": list(typing.get_args(kind))}
    if typing.get_origin(kind) in (tuple, list, frozenset):
        return {"type": "array", "items": _schema(typing.get_args(kind)[0])}
    if typing.get_origin(kind) in (Mapping, dict):
        return {"type": "object", "additionalProperties": _schema(typing.get_args(kind)[1])}
    if dataclasses.is_dataclass(kind):
        return _object(kind)
    raise TypeError(f"{kind} has no JSON; give the answer a plainer type")


def members_of(kind: type, leave_out: frozenset[str]) -> dict[str, dict[str, Any]]:
    """The schema of each field of a dataclass, those aside that are left out."""
    hints = typing.get_type_hints(kind)
    return {f.name: _schema(hints[f.name]) for f in dataclasses.fields(kind) if f.name not in leave_out}


def _object(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    fields = [f for f in dataclasses.fields(kind) if f.metadata != HIDDEN]
    for field in fields:
        if field.metadata == WHOLE:
            return _schema(hints[field.name]) | {"description": about(kind)}
    return {
        "type": "object",
        "description": about(kind),
        "properties": {f.name: _schema(hints[f.name]) for f in fields},
        "required": [f.name for f in fields if f.metadata != IF_GIVEN],
        "additionalProperties": False,
    }


def about(kind: Any) -> str:
    """What a type is, as its docstring opens."""
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())
