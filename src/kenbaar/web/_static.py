"""Style sheet, scripts, icon: our own files, read once, under addresses that change with their content."""

from __future__ import annotations

import functools
import hashlib
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response

_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}


def static_url(name: str) -> str:
    """The address of one of our files; it may be kept for ever, for another content has another address."""
    return f"/static/{_file(name)[1]}/{name}"


async def static_file(request: Request) -> Response:
    """The file of that name. Any digest will do; only the current one may be kept."""
    name = request.path_params["name"]
    try:
        data, digest = _file(name)
    except (FileNotFoundError, KeyError, ValueError):
        return Response(status_code=404)
    kept = "public, max-age=31536000, immutable" if request.path_params["digest"] == digest else "no-cache"
    return Response(data, media_type=_KINDS[name[name.rindex(".") :]], headers={"Cache-Control": kept})


@functools.cache
def _file(name: str) -> tuple[bytes, str]:
    if "/" in name or name.startswith(".") or name[name.rindex(".") :] not in _KINDS:
        raise FileNotFoundError(name)
    data = (resources.files("kenbaar.web") / "static" / name).read_bytes()
    return data, hashlib.sha256(data).hexdigest()[:12]
