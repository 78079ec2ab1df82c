"""The demo's folder, and how the story calls `kenbaar`: as a user would, with every command shown."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from kenbaar.disk import write_new
from kenbaar.errors import ArchiveBroken, Unusable, UsageError

Kind = Literal["title", "command", "words", "refusal"]
Tell = Callable[[Kind, str], None]
Call = Callable[[Sequence[str]], tuple[int, Mapping[str, Any]]]  # words of a command -> exit code, its --json answer

MARKER = ".kenbaar-demo"
_OURS = ("home", "photos", "portraits", "web", "print", "yesterday", "old-keys")
_OUR_FILES = ("demo.html", "checkpoint.txt", "a-sheet.html", "b-export.zip")


def clear_stage(folder: Path) -> Path:
    """The demo's folder, empty: a new one, or an earlier demo's with what that one made taken away."""
    folder = folder.expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise UsageError("The folder for the demo is a file.", "Give another: `kenbaar demo DIR`.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARKER).is_file():
        raise UsageError("The folder for the demo is not empty, and not a demo's.", "Give another: `kenbaar demo DIR`.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARKER).write_text("Made by `kenbaar demo`; the next one clears what it made here.\n", "utf-8")
        for name in _OURS:
            shutil.rmtree(folder / name, ignore_errors=True)
        for name in _OUR_FILES:
            (folder / name).unlink(missing_ok=True)
        for name in ("photos", "portraits", "yesterday"):
            (folder / name).mkdir()
    except OSError as err:
        raise Unusable(
            f"The folder for the demo cannot be used ({err.strerror}).", "Give another: `kenbaar demo DIR`."
        ) from err
    return folder


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the story: a command as a user would type it, what came of it in words, or a refusal."""

    kind: Kind
    text: str


@dataclass(slots=True)
class Step:
    """One step of the story, as the terminal and the page show it."""

    title: str
    lines: list[Line] = field(default_factory=list)


class Stage:
    """Runs the story's commands and keeps what was told."""

    def __init__(self, folder: Path, call: Call, tell: Tell) -> None:
        self.folder, self.steps = folder, list[Step]()
        self._call, self._tell = call, tell
        self._names: dict[str, str] = {}

    def step(self, title: str) -> None:
        """Opens the next step."""
        self.steps.append(Step(title))
        self._tell("title", f"{len(self.steps)}. {title}")

    def say(self, words: str) -> None:
        """A sentence of the step under way."""
        self._add("words", words)

    def name(self, secret: str, shown: str) -> None:
        """From here on commands show `shown` for this id."""
        self._names[secret] = shown

    def keep(self, file: str, secret: str) -> Path:
        """A token or a code in a file for this account alone: what is on a command line, every account reads."""
        path = self.folder / file
        path.unlink(missing_ok=True)
        write_new(path, f"{secret}\n".encode())
        return path

    def run(self, *words: str | Path, home: Path | None = None, quiet: bool = False) -> Mapping[str, Any]:
        """Runs a command that must succeed; returns its --json answer. home: another archive's than the demo's."""
        code, answer = self._run(words, home, quiet)
        if code not in (0, 5):  # 5: done, and something is held for review
            error = answer.get("error", {})
            raise Unusable(
                f"The demo stopped at `{self._shown(words)}`: {error.get('what', 'no answer')}", error.get("do", "")
            )
        return answer

    def refused(self, *words: str | Path, exit_code: int, home: Path | None = None) -> None:
        """Runs a command that must be refused with this exit code, and tells why it was."""
        code, answer = self._run(words, home, quiet=False)
        if code != exit_code:
            raise ArchiveBroken(
                f"The demo expected `{self._shown(words)}` to be refused (exit code {exit_code}) and got {code}.",
                "Please tell us: this is a promise that Kenbaar does not keep here.",
            )
        what = str(answer["error"]["what"])
        for secret, shown in self._names.items():
            what = what.replace(secret, shown)
        self._add("refusal", f"Refused (exit code {code}): {what}")

    def _run(self, words: Sequence[str | Path], home: Path | None, quiet: bool) -> tuple[int, Mapping[str, Any]]:
        where = home or self.folder / "home"
        if not quiet:
            self._add("command", self._shown(words) + (f" --home {self._word(home)}" if home else ""))
        return self._call([*map(str, words), "--home", str(where), "--json"])

    def _add(self, kind: Kind, text: str) -> None:
        self.steps[-1].lines.append(Line(kind, text))
        self._tell(kind, text)

    def _shown(self, words: Sequence[str | Path]) -> str:
        return " ".join(["kenbaar", *map(self._word, words)])

    def _word(self, word: str | Path) -> str:
        """A word as a user would type it in the demo's folder."""
        if isinstance(word, Path):
            return str(word.relative_to(self.folder))
        shown = self._names.get(word, word)
        return f'"{shown}"' if " " in shown else shown
