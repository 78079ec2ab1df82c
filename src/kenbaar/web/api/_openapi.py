"""The description of the API: OpenAPI 3.1, made of the rows and of the acts' own types."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import kenbaar
from kenbaar.acts import request_schema, schema_of
from kenbaar.web._jobs import State
from kenbaar.web.api import _pages
from kenbaar.web.api._problems import MEDIA_TYPE, SCHEMA
from kenbaar.web.api._repeats import LONGEST_KEY
from kenbaar.web.api._rows import ROWS, ApiRow

BASE = "/api/v1"


@dataclass(frozen=True, slots=True)
class JobAnswer:
    """Long work. done, total: of the step it is at. why: it failed. answer: what the act answers, once it is done."""

    job: str
    act: str
    about: str
    state: State
    step: str
    done: int
    total: int
    begun: datetime
    ended: datetime | None
    why: str | None
    answer: Any


@dataclass(frozen=True, slots=True)
class JobsAnswer:
    """Long work, the newest first."""

    jobs: tuple[JobAnswer, ...]


def described() -> dict[str, Any]:
    """The whole description."""
    paths: dict[str, dict[str, Any]] = {}
    for row in ROWS:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row)
    job = [{"name": "job", "in": "path", "required": True, "schema": {"type": "string"}}]
    listed = _with_next(_schema(JobsAnswer))
    paths["/jobs"] = {"get": _plain("Long work, the newest first.", "listJobs", listed, _turning())}
    paths["/jobs/{job}"] = {"get": _plain("Where long work is.", "showJob", _schema(JobAnswer), job)}
    paths["/jobs/{job}/stop"] = {
        "post": _plain("Stops long work; what was done stays done.", "stopJob", _schema(JobAnswer), [*job, _repeat()])
        | {"x-kenbaar-scope": "collect"}
    }
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Kenbaar",
            "version": kenbaar.__version__,
            "description": "Find and publish pictures of people: for the people who agreed, and nobody else.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": BASE}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`kenbaar staff token --as ACCOUNT`"}
            },
            "schemas": {"Problem": dict(SCHEMA)},
        },
    }


def _operation(row: ApiRow) -> dict[str, Any]:
    request = request_schema(row.does.request, row.leave_out)
    members = request["properties"]
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in row.in_path]
    in_body = {name: schema for name, schema in members.items() if name not in row.in_path}
    required = [name for name in request["required"] if name not in row.in_path]
    operation: dict[str, Any] = {}
    if row.method == "GET":
        parameters += [
            {"name": name, "in": "query", "required": name in required, "schema": _of_words(schema)}
            for name, schema in in_body.items()
        ]
        parameters += _turning() if row.rows else []
    elif row.photos or in_body:
        operation["requestBody"] = _body(row, request | {"properties": in_body, "required": required})
    if row.writes:
        parameters.append(_repeat())
    answer = _schema(JobAnswer) if row.job else _schema(row.does.answer)
    if row.rows:
        answer = _with_next(answer)
    told = _plain(_about(row), _name(row), answer, parameters, row.status)
    return told | operation | {"x-kenbaar-act": row.act, "x-kenbaar-scope": row.scope}


def _body(row: ApiRow, schema: dict[str, Any]) -> dict[str, Any]:
    if not row.photos:
        return {"required": bool(schema["required"]), "content": {"application/json": {"schema": schema}}}
    texts = {name: each if name != "photos" else _FILES for name, each in schema["properties"].items()}
    texts = {name: _of_words(each) for name, each in texts.items()}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema | {"properties": texts}}}}


_FILES = {"type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "string", "format": "binary"}}


def _plain(
    summary: str, name: str, answer: dict[str, Any], parameters: list[dict[str, Any]], status: int = 200
) -> dict[str, Any]:
    headers = {"Location": {"description": "Where it is.", "schema": {"type": "string"}}} if status == 202 else {}
    good: dict[str, Any] = {"description": "Done.", "content": {"application/json": {"schema": answer}}}
    shape = {"schema": {"$ref": "#/components/schemas/Problem"}}
    wrong = {"description": "It was refused.", "content": {MEDIA_TYPE: shape}}
    return {
        "summary": summary,
        "operationId": name,
        "parameters": parameters,
        "responses": {str(status): good | ({"headers": headers} if headers else {}), "default": wrong},
        "x-kenbaar-scope": "read",
    }


def _about(row: ApiRow) -> str:
    return " ".join((row.does.run.__doc__ or "").split("\n\n")[0].split()).partition(" Raises ")[0]


def _name(row: ApiRow) -> str:
    """As a generated client calls it: "collection list" is collectionList."""
    first, *others = row.act.split()
    return first + "".join(word.capitalize() for word in others)


def _of_words(schema: dict[str, Any]) -> dict[str, Any]:
    """A member in an address or a form: there is no null, one leaves it out."""
    kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return kinds[0] if len(kinds) == 1 else schema


def _schema(answer: type) -> dict[str, Any]:
    return {name: value for name, value in schema_of(answer, "answer").items() if name not in ("$schema", "$id")}


def _with_next(schema: dict[str, Any]) -> dict[str, Any]:
    told = {name: each for name, each in schema["properties"].items() if name != "after"}
    following = {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "The cursor of the next page."}
    return schema | {"properties": told | {"next": following}, "required": [*schema["required"], "next"]}


def _turning() -> list[dict[str, Any]]:
    limit = {"type": "integer", "minimum": 1, "maximum": _pages.MOST, "default": _pages.DEFAULT}
    return [
        {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}},
        {"name": "limit", "in": "query", "required": False, "schema": limit},
    ]


def _repeat() -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"}
    return {"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema}
