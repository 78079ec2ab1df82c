"""Running the web app: one process, on this machine alone unless the connection is protected."""

from __future__ import annotations

import ipaddress
import logging
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from kenbaar.archive import Archive, open_archive
from kenbaar.errors import Unusable, UsageError
from kenbaar.keys import disable_core_dumps
from kenbaar.policy import Actor
from kenbaar.settings import Settings
from kenbaar.staff import StaffAccount

PORT = 8420
_FIRST_DAYS = 364
FIRST_OFFICER = "First officer"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the app is reached. certificate, key: of its own TLS. proxy: the name of one that has it instead."""

    host: str = "127.0.0.1"
    port: int = PORT
    certificate: Path | None = None
    key: Path | None = None
    proxy: str | None = None

    @property
    def origin(self) -> str:
        """As browsers see it."""
        if self.proxy:
            return f"https://{self.proxy}"
        name = "localhost" if self.is_loopback else self.host
        return f"{'https' if self.certificate else 'http'}://{name}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def check(self) -> None:
        """Raises UsageError where others could reach it and read along."""
        if (self.certificate is None) != (self.key is None):
            raise UsageError("A certificate needs its key.", "Give both --certificate and --key.")
        if not self.is_loopback and self.certificate is None and self.proxy is None:
            raise UsageError(
                f"{self.host} is reached from other machines, and nothing protects the connection.",
                "Give --certificate and --key, or name the proxy that has them: --behind pictures.example.org.",
            )
        for file in (self.certificate, self.key):
            if file is not None and not file.is_file():
                raise UsageError(f"{file} is no file.", "Give the PEM files of the certificate and its key.")


def serve(settings: Settings, place: Place, tell: Callable[[str, str], None], shell: Actor) -> None:
    """Runs the app until it is stopped. tell(kind, text): "address", and "link" where nobody has an account yet.

    shell: who started it; the first officer's account is made by them. Raises UsageError, Unusable.
    """
    import uvicorn

    from kenbaar.web._app import make_app

    place.check()
    disable_core_dumps()
    with open_archive(settings) as archive:
        app = make_app(archive, origin=place.origin, hosts=frozenset({place.host, "localhost", "127.0.0.1"}))
        listening = listen(place)
        config = uvicorn.Config(
            app,
            ssl_certfile=place.certificate,
            ssl_keyfile=place.key,
            log_level="critical",
            access_log=False,  # addresses and paths of what people look at are kept nowhere
            server_header=False,
            date_header=True,
            proxy_headers=place.proxy is not None,
            forwarded_allow_ips="127.0.0.1" if place.proxy else "",
            timeout_graceful_shutdown=5,
        )
        site = app.state.site
        site.jobs.open()
        try:
            if (token := first_officer(archive, shell)) is not None:
                tell("link", f"{place.origin}/staff/accept/{token}")
            tell("address", place.origin)
            uvicorn.Server(config).run(sockets=[listening])
        finally:
            site.jobs.close()
            site.sessions.close()


def first_officer(archive: Archive, shell: Actor) -> str | None:
    """A one-time token for the first officer's account; None where an officer has accepted theirs already."""
    now = archive.journal.now()
    living = [a for a in archive.staff.all() if a.is_living(now)]
    if any(a.role == "officer" and a.accepted_at is not None for a in living):
        return None
    for account in living:
        if _is_first(account):
            archive.staff.end(shell, account.id)  # an earlier link that nobody used
    until = (now + timedelta(days=_FIRST_DAYS)).date()
    return archive.staff.invite(shell, f"{FIRST_OFFICER} {secrets.token_hex(2)}", "officer", until).token


def _is_first(account: StaffAccount) -> bool:
    return account.accepted_at is None and account.name.startswith(FIRST_OFFICER)


def listen(place: Place) -> socket.socket:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((place.host, place.port))
        listening.listen()  # from now on: whoever comes when the address is told waits, and is not turned away
    except OSError as err:
        listening.close()
        raise Unusable(
            f"Port {place.port} of {place.host} cannot be used ({err.strerror}).", "Give another: --port NUMBER."
        ) from err
    return listening


logging.getLogger("uvicorn").propagate = False
