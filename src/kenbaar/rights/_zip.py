"""A zip written straight through to its file: one entry in memory at a time, the same bytes for the same content."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from types import TracebackType
from typing import Any, BinaryIO

from kenbaar.text import json_text

_OWNER_ONLY = 0o600 << 16
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # what a zip's clock can say


class ZipOut:
    """Entries, in the order they are put. at: what the entries' clocks show, UTC."""

    def __init__(self, file: BinaryIO, at: datetime) -> None:
        """file: writable and seekable; stays open."""
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._at = max(_EARLIEST, (at.year, at.month, at.day, at.hour, at.minute, at.second))

    def put(self, name: str, data: bytes, *, packed: bool = True) -> None:
        """One whole entry. packed: deflated; False for what is compressed already."""
        self._zip.writestr(self._info(name, packed), data)

    def put_pieces(self, name: str, pieces: Iterable[bytes]) -> None:
        """One entry, piece by piece."""
        with self._zip.open(self._info(name, True), "w", force_zip64=True) as entry:
            for piece in pieces:
                entry.write(piece)

    def put_json(self, name: str, value: object) -> None:
        """A dataclass or plain values, as UTF-8 JSON; times in ISO 8601."""
        plain: Any = asdict(value) if hasattr(value, "__dataclass_fields__") else value  # type: ignore[call-overload]
        text = json_text(plain, indent=2, default=_plain)
        self.put(name, text.encode("utf-8", "replace") + b"\n")

    def _info(self, name: str, packed: bool) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name, self._at)
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        info.external_attr, info.create_system = _OWNER_ONLY, 3
        return info

    def __enter__(self) -> ZipOut:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not belong in an export")
