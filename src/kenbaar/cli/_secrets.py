"""Where every command reads codes and tokens: a prompt, a file, standard input; the command line with a warning."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from kenbaar.errors import UsageError

if TYPE_CHECKING:
    from kenbaar.archive import Archive
    from kenbaar.cli._app import Out

_MOST_BYTES = 65_536  # of a file of codes: some thousand of them
_STDIN = "-"


def code_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --code-file and --code, and hands the command all codes they give, as `codes`."""

    @click.option(
        "--code-file",
        "code_files",
        multiple=True,
        metavar="FILE",
        help="A file with recovery codes of people who hold their own key, one a line; - reads standard input.",
    )
    @click.option("--code", "codes", multiple=True, help="A recovery code; others can read it here: see --code-file.")
    @functools.wraps(command)
    def wrapped(out: Out, *args: Any, codes: tuple[str, ...], code_files: tuple[str, ...], **kwargs: Any) -> Any:
        if codes:
            _warn(out, "A code", "--code-file FILE")
        return command(out, *args, codes=(*codes, *_read_all(code_files, "recovery code")), **kwargs)

    return wrapped


def read_token(out: Out, token: str | None, token_file: str | None) -> str:
    """The invitation's token: of the file, of the command line (with a warning), or asked for at a terminal."""
    if token_file is not None:
        return _read_all([token_file], "token")[0]
    if token is not None:
        _warn(out, "A token", "--token-file FILE")
        return token
    if not at_terminal():
        raise UsageError("No token was given.", "Give it with --token-file FILE (- for standard input).")
    return _ask("Token")


def read_passphrase(file: str | None, *, new: bool = False) -> str:
    """An account's passphrase: the first line of the file, or asked for at a terminal. new: asked for twice there."""
    if file is not None:
        return _read_all([file], "passphrase")[0]
    if not at_terminal():
        raise UsageError("No passphrase was given.", "Give it with --passphrase-file FILE (- for standard input).")
    if not new:
        return _ask("Passphrase")
    return str(click.prompt("New passphrase", hide_input=True, confirmation_prompt="Once more", err=True)).strip()


def ask_for_code(archive: Archive, subject: str, codes: Sequence[str]) -> tuple[str, ...]:
    """The codes given; where there are none, the person holds their own key and somebody is there to ask: theirs."""
    person = archive.consents.store.subject(subject)
    holds = person is not None and person.holder == "subject" and person.enrolled_at is not None
    if codes or not holds or (person is not None and person.left_at is not None) or not at_terminal():
        return tuple(codes)
    return (_ask(f"Recovery code of {subject}"),)


def at_terminal() -> bool:
    """Whether somebody is there to ask. Without one nothing waits for an answer."""
    return sys.stdin is not None and sys.stdin.isatty()


def _ask(what: str) -> str:
    return str(click.prompt(what, hide_input=True, err=True)).strip()


def _warn(out: Out, what: str, option: str) -> None:
    out.note(
        f"{what} on the command line stands in the process list and in the shell's history. "
        f"Better: {option} (- for standard input), or leave it out and answer when asked."
    )


def _read_all(files: Sequence[str], what: str) -> tuple[str, ...]:
    if files.count(_STDIN) > 1 or (
        _STDIN in files and click.get_current_context().meta.setdefault("stdin", what) != what
    ):
        raise UsageError("Standard input can be read for one thing only.", "Give the other one in a file.")
    return tuple(line for file in files for line in _read(file, what))


def _read(file: str, what: str) -> list[str]:
    """The lines of a file that are not empty. Raises UsageError; no word of what stands there is told."""
    if file == _STDIN and at_terminal():
        return [_ask(what.capitalize())]
    try:
        if file == _STDIN:
            if sys.stdin is None:
                raise OSError(0, "it is closed")
            data = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with open(file, "rb") as opened:  # noqa: PTH123  # /dev/fd/N too
                data = opened.read(_MOST_BYTES + 1)
        lines = [line.strip() for line in data.decode("utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as err:
        why = err.strerror if isinstance(err, OSError) else "it is no text"
        raise UsageError(f"The file with the {what} cannot be read ({why}).", "Check its name and content.") from err
    if not lines or len(data) > _MOST_BYTES:
        raise UsageError(f"There is no {what} in what was given.", f"Put the {what} there, one on each line.")
    return lines
