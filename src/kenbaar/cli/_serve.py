"""The web app, started from here."""

from __future__ import annotations

from pathlib import Path

import click

from kenbaar.cli._app import Out, common, operator


@click.command()
@click.option("--port", default=8420, show_default=True, type=click.IntRange(1, 65535), help="Where it listens.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address it listens on: this machine alone.")
@click.option("--certificate", type=click.Path(path_type=Path), help="A TLS certificate (PEM), for other machines.")
@click.option("--key", type=click.Path(path_type=Path), help="The certificate's key (PEM).")
@click.option("--behind", metavar="NAME", help="The name of a proxy that has TLS and hands requests on to here.")
@common
def serve(out: Out, port: int, host: str, certificate: Path | None, key: Path | None, behind: str | None) -> None:
    """Start the web app, until Ctrl-C. Where nobody has an account yet, a link for the first officer is printed."""
    from kenbaar.web import Place
    from kenbaar.web import serve as run

    def tell(kind: str, text: str) -> None:
        if kind == "link":
            out.say("Nobody here has an officer's account yet. This link makes one, once; hand it to nobody else:")
            out.say(f"  {text}")
        else:
            out.say(f"Open {text} in a browser. Ctrl-C stops it.")
            out.say(text)

    run(out.settings(), Place(host, port, certificate, key, behind), tell, operator())
