"""The `kenbaar` command and what its subcommands share: --home, --json, progress, dates."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import kenbaar
from kenbaar.text import json_text, printable

if TYPE_CHECKING:
    from kenbaar.archive import Archive
    from kenbaar.cli._stop import Stop
    from kenbaar.policy import Actor
    from kenbaar.settings import Settings

_COMMANDS = {  # command -> where it lives and its line of help; the module is imported when the command is called
    "init": ("_house", "Make a new archive."),
    "invite": ("_people", "Invite somebody to enrol."),
    "enrol": ("_people", "Enrol with an invitation and 1 to 5 photos."),
    "renew": ("_people", "Let somebody enrolled renew, with new photos and a new end date."),
    "staff": ("_staff", "Accounts of your own people, with roles."),
    "subjects": ("_people", "Who was invited and who enrolled."),
    "collection": ("_pictures", "Add, show and change collections of pictures."),
    "sweep": ("_pictures", "Find who in a collection agreed to be found."),
    "find": ("_pictures", "Somebody's own pictures."),
    "claim": ("_pictures", "Say whose box it is: this is me."),
    "confirm": ("_pictures", "Give the second word to what was said by hand."),
    "hide": ("_pictures", "Say in which picture somebody is not to be seen."),
    "reject": ("_pictures", "Say whose box it is not: this is not me."),
    "search": ("_asking", "Ask with a photo who is in it."),
    "case": ("_asking", "What was asked: look, review, close."),
    "publish": ("_pictures", "Write copies in which only those who agreed are visible."),
    "withdraw": ("_people", "Take consent back: the keys are destroyed."),
    "requests": ("_subject_requests", "What people ask for by law, and the month to answer."),
    "export": ("_people", "Everything held about somebody, as a zip."),
    "receipt": ("_people", "Check a receipt or manifest, offline."),
    "ledger": ("_house", "Show and verify what was done."),
    "report": ("_report", "What was done in a time, for everybody to read."),
    "clock": ("_house", "What time it is here, and that it is right."),
    "check": ("_house", "Prove that nothing of strangers is stored."),
    "keys": ("_house", "Rotate the master key."),
    "seal": ("_house", "Seal an archive made before 0.4, once."),
    "pack": ("_packs", "The model packs: list, fetch, show, card, add."),
    "evaluate": ("_evaluate", "Error rates, measured on people who agreed."),
    "bench": ("_measure", "Measure this machine."),
    "serve": ("_serve", "Start the web app."),
    "demo": ("_demo", "The whole story on real photographs."),
    "settings": ("_house", "What can be set, and what is."),
}


class _Lazy(click.Group):
    """A group whose commands are imported when called: `kenbaar --help` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order a new user meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the module of one command."""
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"kenbaar.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(kenbaar.__version__, prog_name="kenbaar")
def app() -> None:
    """Find and publish pictures of people: for the people who agreed, and nobody else."""


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --home and --json, and hands the command an Out instead of them."""

    @click.option("--home", type=click.Path(path_type=Path), help="The archive's folder (default: KENBAAR_HOME).")
    @click.option("--json", "as_json", is_flag=True, help="The answer as JSON on stdout; words go to stderr.")
    @functools.wraps(command)
    def wrapped(*args: Any, home: Path | None, as_json: bool, **kwargs: Any) -> Any:
        return command(Out(home, as_json), *args, **kwargs)

    return wrapped


def passphrase_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --passphrase-file."""
    option = click.option(
        "--passphrase-file",
        metavar="FILE",
        help="A file with the account's passphrase; - reads standard input. Without it: asked for at a terminal.",
    )
    return option(command)


def acting(command: Callable[..., Any]) -> Callable[..., Any]:
    """As common, for what is done in an archive: adds --as and --passphrase-file, by which `Out.actor` knows who."""

    @click.option(
        "--as", "signed_in", metavar="ACCOUNT", help="Act with this account; without it, as the shell's officer."
    )
    @passphrase_option
    @common
    @functools.wraps(command)
    def wrapped(out: Out, *args: Any, signed_in: str | None, passphrase_file: str | None, **kwargs: Any) -> Any:
        if signed_in is None and passphrase_file is not None:
            raise click.UsageError("A passphrase belongs to an account: say --as ACCOUNT too.")
        out.acts_as = (signed_in, passphrase_file) if signed_in is not None else None
        return command(out, *args, **kwargs)

    return wrapped


class Out:
    """Where answers go: words on stderr with --json and on stdout without, JSON on stdout alone."""

    def __init__(self, home: Path | None, as_json: bool) -> None:
        self._home, self.as_json = home, as_json
        self.acts_as: tuple[str, str | None] | None = None  # account and passphrase file, where it is not the operator

    def actor(self, archive: Archive) -> Actor:
        """Who acts: the account that was given with --as, signed in; else whoever is at this command line."""
        if self.acts_as is None:
            return operator()
        from kenbaar.cli._secrets import read_passphrase

        account, file = self.acts_as
        return archive.staff.sign_in(operator(), account, read_passphrase(file))

    def settings(self) -> Settings:
        """The settings of this run."""
        from kenbaar.settings import load_settings

        return load_settings(self._home)

    @contextmanager
    def archive(self) -> Iterator[Archive]:
        """The archive of this run, opened."""
        from kenbaar.archive import open_archive
        from kenbaar.engines import LocalEngine
        from kenbaar.keys import disable_core_dumps

        disable_core_dumps()
        with open_archive(self.settings(), engine_of=click.get_current_context().obj or LocalEngine) as archive:
            yield archive
            if (doubt := archive.journal.clock.doubt()) is not None:
                self.note(f"{doubt.words} See `kenbaar clock`.")

    def say(self, words: str = "", *, layout: bool = False, **style: Any) -> None:
        """A line for people, whatever stands in it: characters that act are spelled out (text.printable).

        layout: the line ends in it are ours. style: see click.style.
        """
        text = printable(words, keep="\n" if layout else "")
        click.echo(click.style(text, **style) if style else text, err=self.as_json)

    def note(self, words: str, *, layout: bool = False) -> None:
        """A line that is never part of the answer; the same holds."""
        click.echo(printable(words, keep="\n" if layout else ""), err=True)

    def answer(self, answer: Any) -> None:
        """An act's answer as JSON, where that was asked for."""
        if self.as_json:
            from kenbaar.acts import as_json

            click.echo(json_text(as_json(answer)))

    @contextmanager
    def progress(self) -> Iterator[Bars]:
        """For acts that take long: a line for each step, and Ctrl-C asks them to stop where the next run goes on."""
        from kenbaar.cli._stop import stoppable

        with stoppable() as stop:
            yield Bars(self, stop)

    def bar(self, what: str) -> Callable[[int, int, float], None]:
        """A progress line on stderr: call it with (done, total, seconds). On a terminal it stays one line."""
        live = sys.stderr.isatty()
        state = {"last": 0.0}

        def show(done: int, total: int, seconds: float) -> None:
            now = time.monotonic()
            finished = done >= total
            if not finished and now - state["last"] < (0.1 if live else 10.0):
                return
            if finished and not live and state["last"] == 0.0 and seconds < 5:
                return
            state["last"] = now
            rate = done / seconds if seconds > 0 else 0.0
            left = f", {_clock((total - done) / rate)} left" if rate and not finished else ""
            filled = int(24 * done / total) if total else 24
            line = f"{what} [{'#' * filled}{'.' * (24 - filled)}] {done}/{total}  {rate:.1f}/s{left}"
            click.echo(f"\r{line:<78}" if live else line, err=True, nl=finished or not live)

        return show


class Bars:
    """acts.Progress at a terminal: a bar for each step. Whoever wants to stop presses Ctrl-C."""

    def __init__(self, out: Out, stop: Stop) -> None:
        self._out, self._stop = out, stop
        self._bars: dict[str, Callable[[int, int, float], None]] = {}

    def report(self, step: str, done: int, total: int, seconds: float) -> None:
        """Draws the step's bar; of a step that cannot be counted, its name."""
        if step not in self._bars:
            self._bars[step] = self._out.bar(step)
            if total <= 1 and " " in step:
                self._out.note(step)
        if total > 0:
            unit = 1_000_000 if total > 1_000_000 and " " in step else 1  # bytes of a fetch
            self._bars[step](done // unit, total // unit, seconds)

    def cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.asked


def operator() -> Actor:
    """Who is at this command line: the account of the shell, an officer of the archive.

    The name is the account's that the system gives this process, not what LOGNAME or USER say: anybody may set those.
    """
    import os
    import pwd

    from kenbaar.policy import Actor

    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # an account without a name, as in some containers
        name = f"uid {uid}"
    return Actor("operator", name, "officer")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def day(_ctx: click.Context, _param: click.Parameter, text: str | None) -> date | None:
    """A date option: YYYY-MM-DD."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as err:
        raise click.BadParameter(f"{text!r} is not a date like 2027-06-30.") from err
