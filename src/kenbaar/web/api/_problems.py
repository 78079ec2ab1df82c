"""The one shape of errors: application/problem+json (RFC 9457)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from kenbaar.errors import KenbaarError
from kenbaar.text import json_text
from kenbaar.web._rates import TooMany
from kenbaar.web._site import status_of

MEDIA_TYPE = "application/problem+json"
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "description": "What went wrong (detail), and what to do about it (do). RFC 9457.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "do": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail", "do"],
    "additionalProperties": False,
}


class Problem(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, title: str, detail: str, do: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.do, self.headers = status, title, detail, do, dict(headers or {})

    def response(self) -> Response:
        """As it is sent."""
        name = re.sub(r"[^a-z]+", "-", self.title.lower()).strip("-")
        told = {"type": f"urn:kenbaar:problem:{name}", "title": self.title, "status": self.status}
        told |= {"detail": self.detail, "do": self.do}
        return Response(json_text(told), self.status, media_type=MEDIA_TYPE, headers=self.headers)


def of_error(err: KenbaarError) -> Problem:
    """A refusal of an act, or of this server."""
    title = re.sub(r"(?<!^)([A-Z])", r" \1", type(err).__name__).capitalize()
    if isinstance(err, TooMany):
        return Problem(429, title, err.what, err.do, {"Retry-After": str(err.wait_s)})
    status = status_of(err)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return Problem(status, title, err.what, err.do, headers)


def bug() -> Problem:
    """It is ours."""
    return Problem(
        500, "Bug", "This is a bug in Kenbaar; nobody was exposed by it.", "Tell the organisation what was asked for."
    )
