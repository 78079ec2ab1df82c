"""Is a stranger's template lying anywhere? Every byte of the home folder is looked at: what `kenbaar check` proves.

Two ways at once (docs/decisions/0013-how-check-looks.md):

1. Targeted: any window of bytes that, read in any of the encodings below, points where a given stranger's vector does.
   Runs of `Probe.width` numbers are compared, not whole vectors, so a vector cut in two by an SQLite overflow page is
   found as long as half of it lies in one piece.
2. Generic: any `dim` numbers in a row that form a unit vector spread like an embedding, whoever's it is. This needs no
   vectors to look for, so it also covers collections whose faces may not be embedded.

Encodings: float64, float32, float16 of both byte orders; floats behind one-byte tags (pickle, MessagePack, CBOR); int8
scaled by anything from 127 to what the largest number bears (targeted only); base64, base64url and hex of those, with
line breaks; decimal numbers in text.
Not looked into: compressed or encrypted containers. What nobody can read without a key is not in the clear.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import NotFound
from kenbaar.rights._residue_numbers import Hit, Probe, scan_numbers
from kenbaar.rights._residue_text import scan_text

_CHUNK = 1 << 20
"""Bytes one step answers for, so that memory is flat and the passes over them stay near the cache."""

_BYTES_PER_NUMBER = 48
"""The longest a number is written: np.float64(-0.12345678901234567e-05) with a comma and an indent."""

MOST_FINDINGS = 100
"""Findings told of one file; one that holds a whole gallery is told by its first hundred, and a line that says so."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A place where something lies that should not, or a file nobody could look into. Never the vector itself.

    offset: bytes from the start of the file. encoding: "float32 little-endian", "base64 of int8", ..., "unreadable".
    """

    path: Path
    offset: int
    encoding: str
    why: str


@dataclass(frozen=True, slots=True)
class ResidueReport:
    """files and bytes: what was looked at. vectors: how many strangers' vectors were looked for. No findings: clean."""

    files: int
    bytes: int
    vectors: int
    findings: tuple[Finding, ...]


def scan_home(
    home: Path, strangers: NDArray[np.float32] | None, *, dim: int, also: Sequence[Path] = ()
) -> ResidueReport:
    """Look at every byte under `home` and under each of `also` (folders or files) for templates of anybody.

    strangers: float32 (n, dim), the vectors of faces that matched nobody, derived again; any norm. None: only the
    generic way. dim: numbers in a template of the model pack.
    Symbolic links are not followed; sockets and pipes hold nothing and are passed over; a file that vanishes meanwhile
    is fine; a file or folder that cannot be read is a finding. Memory is flat. Findings are sorted by path and offset.
    Raises NotFound where `home` is not there ("could not look" is not "nothing there"), BadTemplate for odd vectors.
    """
    if not home.exists():
        raise NotFound(f"There is no folder {home}.", "Give the home folder, or make one with `kenbaar init`.")
    probe = Probe.of(strangers, dim)
    findings: list[Finding] = []
    files = size = 0
    for found in _files([home, *also]):
        if isinstance(found, Finding):
            findings.append(found)
            continue
        looked = _scan_file(found, probe, findings)
        if looked is not None:
            files, size = files + 1, size + looked
    ordered = tuple(sorted(findings, key=lambda f: (os.fsencode(f.path), f.offset, f.encoding)))
    return ResidueReport(files, size, probe.vectors, ordered)


def scan_bytes(data: bytes, probe: Probe) -> list[Hit]:
    """Everything in these bytes, in order. One vector may be told of several times; see _merged."""
    if not data.strip(b"\0"):
        return []
    return sorted([*scan_numbers(data, probe), *scan_text(data, probe)])


def _files(roots: Sequence[Path]) -> Iterator[Path | Finding]:
    """Regular files below the roots, each once, in the order of their names; folders nobody can list are findings."""
    seen: set[tuple[int, int]] = set()
    todo = list(reversed(roots))
    while todo:
        path = todo.pop()
        try:
            status = path.lstat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            if stat.S_ISDIR(status.st_mode):
                todo += sorted(path.iterdir(), key=os.fsencode, reverse=True)
            elif stat.S_ISREG(status.st_mode):
                yield path
        except (FileNotFoundError, NotADirectoryError):
            continue  # gone since it was listed
        except OSError as err:
            yield _unreadable(path, 0, err)


def _scan_file(path: Path, probe: Probe, findings: list[Finding]) -> int | None:
    """Bytes looked at; None where the file is gone or could not be opened (then that is a finding)."""
    try:
        # Not through a link put there meanwhile; O_NONBLOCK: not waiting for ever where a pipe was put there.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError as err:
        if err.errno != errno.ELOOP:
            findings.append(_unreadable(path, 0, err))
        return None
    at = 0
    try:
        hits: list[Hit] = []
        for at, data, before, own in _chunks(handle, probe.dim * _BYTES_PER_NUMBER):
            hits += [
                h._replace(offset=at + h.offset - before)
                for h in scan_bytes(data, probe)
                if 0 <= h.offset - before < own
            ]
            hits = _merged(hits)
            if len(hits) > MOST_FINDINGS:
                hits = hits[:MOST_FINDINGS]
                hits.append(hits[-1]._replace(why="and more: the rest of this file was not looked at"))
                break
        findings += [Finding(path, hit.offset, hit.encoding, hit.why) for hit in hits]
        return os.fstat(handle).st_size
    except OSError as err:
        findings.append(_unreadable(path, at, err))
        return at
    finally:
        os.close(handle)


def _chunks(handle: int, context: int) -> Iterator[tuple[int, bytes, int, int]]:
    """(place, bytes, how many of them come before the place, how many from there on are this step's to answer for).

    Every step sees `context` bytes on both sides of its own, so that what crosses a border is whole in one of them.
    Holes of sparse files are passed over: they are zeros, and take no disk.
    """
    at = 0
    while True:
        try:
            at = os.lseek(handle, at, os.SEEK_DATA) if hasattr(os, "SEEK_DATA") else at
        except OSError as err:
            if err.errno == errno.ENXIO:  # no data from here to the end
                return
            if err.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP):
                raise
        before = min(at, context)
        data = os.pread(handle, before + _CHUNK + context, at - before)
        own = min(_CHUNK, len(data) - before)
        if own <= 0:
            return
        yield at, data, before, own
        at += own


def _merged(hits: list[Hit]) -> list[Hit]:
    """One hit for what lies together: the halves of one vector, or a stack of them. "A stranger's" is said first."""
    merged: list[Hit] = []
    for hit in sorted(hits):
        last = merged[-1] if merged else None
        if last is None or hit.encoding != last.encoding or hit.offset > last.offset + last.extent:
            merged.append(hit)
            continue
        extent = max(last.extent, hit.offset + hit.extent - last.offset)
        merged[-1] = last._replace(extent=extent, why=min(last.why, hit.why))
    return merged


def _unreadable(path: Path, offset: int, err: OSError) -> Finding:
    return Finding(path, offset, "unreadable", f"could not be read: {err.strerror or type(err).__name__}")
