"""What holds for every answer, whichever page it is of: headers, and how much may come in."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kenbaar.text import json_text

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # the address goes to nobody else; our own forms know where to go back to
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), publickey-credentials-get=(self), publickey-credentials-create=(self), "
    "microphone=(), geolocation=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
}
HSTS = "max-age=63072000; includeSubDomains"


def _refusal(path: str, status: int, why: str) -> Response:
    """Before anything is read: words for a browser, RFC 9457 for a program."""
    if not path.startswith("/api/"):
        return PlainTextResponse(f"{why}\n", status)
    told = {
        "type": "about:blank",
        "title": why,
        "status": status,
        "detail": why,
        "do": "Check the address and the length.",
    }
    return Response(json_text(told), status, media_type="application/problem+json")


class Guard:
    """The outermost layer: refuses a body that is too long before it is read, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp, *, most_bytes: int, secure: bool, hosts: frozenset[str]) -> None:
        """hosts: names this server is called by; another one in a request (DNS rebinding) is refused."""
        self.app, self.most_bytes, self.secure, self.hosts = app, most_bytes, secure, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent = {name.lower(): value for name, value in scope["headers"]}
        host = sent.get(b"host", b"").decode("latin-1").rsplit(":", 1)[0].lower()
        send = self._with_headers(scope["path"], send)
        if host not in self.hosts:
            await _refusal(scope["path"], 421, "This server has another name.")(scope, receive, send)
            return
        length = sent.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self.most_bytes:
            await _refusal(scope["path"], 413, "That is more than is taken here.")(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most_bytes:
                return {"type": "http.disconnect"}
            return message

        await self.app(scope, counted, send)

    def _with_headers(self, path: str, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if self.secure:
                    headers["Strict-Transport-Security"] = HSTS
            await send(message)

        return sending
