"""The one place where errors become exit codes and sentences."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from kenbaar.cli._app import app
from kenbaar.cli._stop import how_stopped
from kenbaar.disk import is_full
from kenbaar.errors import KenbaarError
from kenbaar.text import json_text, printable

if TYPE_CHECKING:
    from kenbaar.engines import Engine

_OF_THE_PLACE = frozenset({errno.EROFS, errno.ENAMETOOLONG, errno.EACCES, errno.ELOOP, errno.EIO, errno.ESTALE})
"""Errors that say something of where a path leads, and nothing of Kenbaar."""


def run(arguments: Sequence[str], engine_of: Callable[[int], Engine] | None = None) -> int:
    """Runs one command; returns its exit code. Whatever goes wrong is a sentence on stderr, never a traceback.

    engine_of: the engine of so many workers, for what takes long; None: processes of this machine.
    """
    _surrogates_print()
    _configure_log()
    try:
        return app.main(list(arguments), prog_name="kenbaar", standalone_mode=False, obj=engine_of) or 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as err:
        return _tell(arguments, err.format_message(), "See `kenbaar COMMAND --help`.", 2)
    except (click.Abort, KeyboardInterrupt) as err:
        said, code = how_stopped(err)
        return _tell(arguments, said.what, said.do, code)
    except KenbaarError as err:
        return _tell(arguments, err.what, err.do, err.exit_code)
    except UnicodeEncodeError:
        return _tell(arguments, "A word of this call is not valid UTF-8.", "Write it plainly.", 2)
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as err:
        if is_full(err):
            return _tell(
                arguments, "The disk is full; nothing half-written was kept.", "Make room, then run it again.", 4
            )
        if err.errno in _OF_THE_PLACE:
            what = f"The system refuses a file or folder ({os.strerror(err.errno)})."
            return _tell(arguments, what, "Check the paths of this call and what may be written there.", 4)
        return _bug(arguments, err)
    except Exception as err:  # noqa: BLE001  # the last edge: people never see a traceback
        return _bug(arguments, err)


def _bug(arguments: Sequence[str], err: Exception) -> int:
    if os.environ.get("KENBAAR_DEBUG"):
        raise err
    return _tell(
        arguments,
        f"This is a bug in Kenbaar ({type(err).__name__}); nobody was exposed by it.",
        "Tell us what you did; with KENBAAR_DEBUG=1 it shows where it happened "
        "(that may hold names: look before you send it).",
        1,
    )


def _tell(arguments: Sequence[str], what: str, do: str, code: int) -> int:
    """The sentence for people on stderr; with --json the same as data on stdout."""
    click.echo(printable(f"kenbaar: {what} {do}"), err=True)
    if "--json" in arguments:
        click.echo(json_text({"error": {"what": what, "do": do, "exit": code}}))
    return code


def _configure_log() -> None:
    """KENBAAR_LOG=warning, info or debug: what rooms say of their work, on stderr. Our own logger alone, else off."""
    level = logging.getLevelName(os.environ.get("KENBAAR_LOG", "").upper())
    log = logging.getLogger("kenbaar")
    log.handlers = [logging.StreamHandler() if isinstance(level, int) else logging.NullHandler()]
    log.handlers[0].setFormatter(_OneLine("%(levelname)s %(name)s: %(message)s"))
    log.setLevel(level if isinstance(level, int) else logging.CRITICAL)
    log.propagate = False


class _OneLine(logging.Formatter):
    """A line for each record, whatever stands in it."""

    def format(self, record: logging.LogRecord) -> str:
        """As printable prints it."""
        return printable(super().format(record))


def _surrogates_print() -> None:
    """File names that are not UTF-8 print escaped instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
