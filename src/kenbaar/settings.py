"""What can be set, read once and passed in. Printed by `kenbaar settings`, from which the docs are made too.

Order: built-in default < `settings.toml` in the home folder < environment variable KENBAAR_<NAME>.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from kenbaar.errors import SettingsError

SETTINGS_FILE = "settings.toml"


def _setting(default: object, unit: str, help_: str, *, secret: bool = False) -> object:
    """A dataclass field that carries its unit and its line of help."""
    return field(default=default, metadata={"unit": unit, "help": help_, "secret": secret})


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting with its default. `home` and `cache` are folders; they are made when first needed."""

    home: Path
    cache: Path
    max_megapixels: int = _setting(220, "megapixels", "Photos whose header promises more are not decoded.")  # type: ignore[assignment]
    max_full_megapixels: int = _setting(
        64,
        "megapixels",
        "More are never decoded at once: larger JPEGs are swept and copied at 1/2, 1/4 or 1/8, others are refused.",
    )  # type: ignore[assignment]
    max_side_px: int = _setting(65_500, "px", "Photos with a longer side are not decoded.")  # type: ignore[assignment]
    max_ratio: int = _setting(50, "", "Photos more times as long as wide are not decoded.")  # type: ignore[assignment]
    max_photo_mb: int = _setting(200, "MB", "Larger files are not read.")  # type: ignore[assignment]
    workers: int = _setting(0, "processes", "Workers of sweeps and publications; 0 means one for each core.")  # type: ignore[assignment]
    pack: str = _setting("default", "name or folder", "The model pack that finds and compares faces.")  # type: ignore[assignment]
    invitation_days: int = _setting(30, "days", "How long an invitation can be used.")  # type: ignore[assignment]
    grant_days: int = _setting(365, "days", "End of a grant where the invitation names no date.")  # type: ignore[assignment]
    untrusted_seconds: int = _setting(
        20, "s", "Processor time one photo may take to be read; three times that by the clock."
    )  # type: ignore[assignment]
    untrusted_mb: int = _setting(2048, "MB", "Memory that reading a photo for an enrolment may take.")  # type: ignore[assignment]
    search_photos_a_day: int = _setting(200, "photos", "How many one account may ask about in a day.")  # type: ignore[assignment]
    case_days: int = _setting(30, "days", "How long a case stays open at most; 30 is the most.")  # type: ignore[assignment]
    web_roots: str = _setting(
        "",
        "folders",
        "In these the web app looks for pictures and puts copies; separated by :, empty: your home folder.",
    )  # type: ignore[assignment]
    archive_url: str = _setting(
        "", "database URL", "Where names and appearances lie; empty: archive.db in home.", secret=True
    )  # type: ignore[assignment]
    templates_url: str = _setting(
        "", "database URL", "Where sealed templates lie; empty: templates.db in home.", secret=True
    )  # type: ignore[assignment]

    def database(self, store: str) -> str | Path:
        """Where store "archive" or "templates" lies: the URL that is set, or a SQLite file in home."""
        given = self.archive_url if store == "archive" else self.templates_url
        return given or self.home / f"{store}.db"


def settable() -> dict[str, tuple[object, str, str, bool]]:
    """name -> (default, unit, help, secret), for the docs and `kenbaar settings`."""
    return {
        f.name: (f.default, f.metadata["unit"], f.metadata["help"], f.metadata["secret"])
        for f in fields(Settings)
        if f.metadata
    }


def load_settings(home: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings for one run. A settings file that cannot be read is an error: neither ignored nor overwritten."""
    import platformdirs

    home = home or Path(environ.get("KENBAAR_HOME") or platformdirs.user_data_path("kenbaar"))
    cache = Path(environ.get("KENBAAR_CACHE") or platformdirs.user_cache_path("kenbaar"))
    values: dict[str, object] = {}
    known = settable()
    try:
        given = tomllib.loads((home / SETTINGS_FILE).read_text("utf-8"))
    except FileNotFoundError:
        given = {}
    except (OSError, ValueError) as err:
        raise SettingsError(
            f"{SETTINGS_FILE} cannot be read ({err}).", "Mend it, or move it aside; nothing was changed."
        ) from err
    for name in known:
        if (text := environ.get(f"KENBAAR_{name.upper()}")) is not None:
            given[name] = text
    for name, value in given.items():
        if name not in known:
            raise SettingsError(f"There is no setting named {name!r}.", f"Settings are: {', '.join(known)}.")
        values[name] = _checked(name, value, known[name][0])
    return Settings(home=home.expanduser().absolute(), cache=cache.expanduser().absolute(), **values)  # type: ignore[arg-type]


def _checked(name: str, value: object, default: object) -> object:
    """The value in the default's type; numbers are whole and not negative."""
    if isinstance(default, str):
        if isinstance(value, str):
            return value
    elif not isinstance(value, bool):
        try:
            number = int(str(value))
        except ValueError:
            number = -1
        if number >= 0:
            return number
    raise SettingsError(f"Setting {name} is {value!r}.", f"Give it a value like {default!r}.")
