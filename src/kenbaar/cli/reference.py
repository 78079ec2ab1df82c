"""docs/commands.md, made from the commands themselves: `python -m kenbaar.cli.reference > docs/commands.md`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from kenbaar.cli._app import app

_FIRST = """\
# Every command and setting

Made by `python -m kenbaar.cli.reference > docs/commands.md`; a test holds it to the commands as they are.

Every command takes `--home DIR` (the archive's folder; default `KENBAAR_HOME`, or the user's data folder) and `--json`
(the answer as JSON on stdout, alone; words and progress go to stderr). SUBJECT and ITEM are ids that commands print.

| exit code | |
| --- | --- |
| 0 | done |
| 1 | a bug |
| 2 | usage |
| 3 | refused: no consent, wrong mode, not allowed here |
| 4 | unusable input |
| 5 | done, but items were held for review: photos without a copy, files that a sweep could not read |
| 6 | integrity broken: ledger, keys, pack, or something found by `check` |
| 129, 130, 143 | stopped: terminal closed, Ctrl-C, SIGTERM; what was done stays, and the next run goes on |
"""
_SHARED = ("home", "as_json", "help")


def reference() -> str:
    """The page, as Markdown."""
    return "\n".join([_FIRST, *_commands(), *_settings()]).rstrip() + "\n"


def _commands() -> Iterator[str]:
    with click.Context(app, info_name="kenbaar") as context:
        for name in app.list_commands(context):
            command = app.get_command(context, name)
            assert command is not None
            yield from _command(command, f"kenbaar {name}")


def _command(command: click.Command, path: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from _command(command.commands[name], f"{path} {name}")
        return
    with click.Context(command, info_name=path) as context:
        words = " ".join(word for word in command.collect_usage_pieces(context) if word != "[OPTIONS]")
        yield f"## {path} {words}".rstrip() + "\n"
        yield " ".join((command.help or "").split()) + "\n"
        options = [p for p in command.params if isinstance(p, click.Option) and p.name not in _SHARED]
        rows = [p.get_help_record(context) for p in options]

    shown = [row for row in rows if row is not None]
    if shown:
        yield "| option | |\n| --- | --- |"
        yield "\n".join(f"| `{_cell(option)}` | {_cell(text)} |" for option, text in shown) + "\n"


def _settings() -> Iterator[str]:
    from kenbaar.settings import SETTINGS_FILE, settable

    yield "# Settings\n"
    yield f"Built-in default, then `{SETTINGS_FILE}` in the home folder (`workers = 2`), then the environment variable."
    yield "`KENBAAR_HOME` and `KENBAAR_CACHE` say where the archive and the model packs lie.\n"
    yield "| setting | environment | default | unit | |\n| --- | --- | --- | --- | --- |"
    for name, (default, unit, help_, _) in settable().items():
        yield f"| `{name}` | `KENBAAR_{name.upper()}` | {_cell(repr(default))} | {unit} | {help_} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    click.echo(reference(), nl=False)
