"""The folders that the web app may look into: those of the setting web_roots, and what lies in them."""

from __future__ import annotations

from pathlib import Path

from kenbaar.errors import UsageError
from kenbaar.settings import Settings

_MOST = 500  # folders of one folder that are told


def roots(settings: Settings) -> tuple[Path, ...]:
    """Where pictures may be looked for and copies put."""
    given = [Path(part) for part in settings.web_roots.split(":") if part] or [Path.home()]
    return tuple(path.expanduser().absolute() for path in given)


def allowed(settings: Settings, text: str) -> Path:
    """The folder of that name, where it lies in one of the roots, links followed. Raises UsageError."""
    place = Path(text).expanduser()
    if not text or "\0" in text or not place.is_absolute():
        raise UsageError("That is no folder.", "Choose one, or write its whole path.")
    real = place.resolve()
    if not any(real.is_relative_to(root.resolve()) for root in roots(settings)):
        raise UsageError(
            "That folder is not one that may be used here.",
            "Choose one below those shown; whoever keeps this machine can allow more (web_roots).",
        )
    return real


def folders_in(place: Path) -> list[Path]:
    """The folders in one, by name; hidden ones are left out."""
    try:
        found = sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as err:
        raise UsageError("That folder cannot be looked into.", "Choose another.") from err
    return found[:_MOST]
