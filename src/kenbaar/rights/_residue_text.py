"""Vectors written as text: base64, hex, and decimal numbers."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from kenbaar.rights._residue_numbers import IN_THE_CLEAR, STRANGER, Hit, Probe, looks_like_template, scan_numbers

_BREAKS = b"\r\n"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_HEX = b"0123456789abcdefABCDEF"
_DECIMAL = b"0123456789+-.eE ,;[](){}'\"\t" + _BREAKS

_SEPARATOR = b"\xff" * 16
"""Between runs decoded together: no plausible float of any width, so nothing is read across it."""

_NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_INDENT = re.compile(rb"\n[ \t]{1,40}")
_SCALAR = re.compile(rb"np\.float(?:16|32|64)\(|float(?:16|32|64)\(|array\(")


def scan_text(data: bytes, probe: Probe) -> Iterator[Hit]:
    """Every vector in the text of these bytes. May tell of one vector twice."""
    flat = _flattened(data)
    shortest = probe.width  # int8, the shortest encoding there is
    yield from _scan_coded(flat, _BASE64 + _BREAKS, shortest * 4 // 3, probe, _base64_phases)
    yield from _scan_coded(flat, _HEX + _BREAKS, shortest * 2, probe, _hex_phases)
    yield from _scan_decimal(flat, probe)


def _flattened(data: bytes) -> bytes:
    """The same bytes at the same places, with escaped line breaks and indents as plain line breaks."""
    if b"\\n" in data:
        data = data.replace(b"\\r\\n", b"\n\n\n\n").replace(b"\\n", b"\n\n")
    if b"\n " in data or b"\n\t" in data:
        data = _INDENT.sub(lambda m: b"\n" * len(m[0]), data)
    if b"float" in data or b"array(" in data:  # numpy's own way to print a list of its numbers
        data = _SCALAR.sub(lambda m: b" " * len(m[0]), data)
    return data


def _regions(data: bytes, alphabet: bytes, shortest: int) -> list[tuple[int, int]]:
    """Where at least `shortest` bytes in a row are of the alphabet: [start, end)."""
    flags = np.frombuffer(data.translate(bytes(int(b in alphabet) for b in range(256))), np.uint8)
    # A run that long holds a whole aligned word of 8, wherever it starts: most bytes are dismissed 8 at a time.
    words = flags[: len(flags) // 8 * 8].view(np.uint64) == np.uint64(0x0101010101010101)
    need = max(1, (shortest - 7) // 8)
    if not words.any():
        return []
    edges = np.flatnonzero(np.diff(words.view(np.int8), prepend=0, append=0))
    found = []
    for begin, end in edges.reshape(-1, 2).tolist():
        if end - begin < need:
            continue
        start, stop = begin * 8, end * 8  # less than a word more on either side
        while start and flags[start - 1]:
            start -= 1
        while stop < len(flags) and flags[stop]:
            stop += 1
        if stop - start >= shortest:
            found.append((start, stop))
    return found


_Phases = Callable[[bytes], Iterator[tuple[int, int, str, bytes]]]


def _base64_phases(text: bytes) -> Iterator[tuple[int, int, str, bytes]]:
    """(first character, characters per 3 bytes, name, bytes) for each of the four ways the run can be cut in fours."""
    plain = text.translate(bytes.maketrans(b"-_", b"+/"))
    for phase in range(4):
        body = plain[phase:]
        body = body[: len(body) - (len(body) % 4 == 1)]  # one character over is no byte; two and three are
        yield phase, 4, "base64", binascii.a2b_base64(body + b"=" * (-len(body) % 4))


def _hex_phases(text: bytes) -> Iterator[tuple[int, int, str, bytes]]:
    for phase in range(2):
        yield phase, 6, "hex", binascii.unhexlify(text[phase : phase + (len(text) - phase) // 2 * 2])


def _scan_coded(data: bytes, alphabet: bytes, shortest: int, probe: Probe, phases: _Phases) -> Iterator[Hit]:
    """Decode every run, each way it can be cut, all runs joined, and look at the numbers in it."""
    joined: dict[int, list[bytes]] = {}
    origin: dict[int, list[tuple[int, int]]] = {}  # phase -> (where in joined, which region)
    length: dict[int, int] = {}
    regions = _regions(data, alphabet, shortest)
    name, per_three = "", 4
    for number, (start, end) in enumerate(regions):
        text = data[start:end].translate(None, _BREAKS)
        if len(text) < shortest:
            continue
        for phase, per_three, name, decoded in phases(text):  # noqa: B007 (the last ones serve below)
            origin.setdefault(phase, []).append((length.get(phase, 0), number))
            joined.setdefault(phase, []).extend((decoded, _SEPARATOR))
            length[phase] = length.get(phase, 0) + len(decoded) + len(_SEPARATOR)
    for phase, pieces in joined.items():
        begins = [at for at, _ in origin[phase]]
        for hit in scan_numbers(b"".join(pieces), probe):
            at, number = origin[phase][int(np.searchsorted(begins, hit.offset, side="right")) - 1]
            start, end = regions[number]
            character = phase + (hit.offset - at) * per_three // 3
            kept = np.flatnonzero(~np.isin(np.frombuffer(data[start:end], np.uint8), np.frombuffer(_BREAKS, np.uint8)))
            first = int(kept[min(character, len(kept) - 1)])
            last = int(kept[min(character + hit.extent * per_three // 3, len(kept) - 1)])
            yield Hit(start + first, f"{name} of {hit.encoding}", hit.why, last - first + per_three)


def _scan_decimal(data: bytes, probe: Probe) -> Iterator[Hit]:
    for start, end in _regions(data, _DECIMAL, probe.width * 2):
        text = data[start:end]
        if text.count(b"-") < probe.width // 8:  # a direction has negative numbers; columns of counters have none
            continue
        tokens = _NUMBER.findall(text)
        if len(tokens) < probe.width:
            continue
        numbers = np.clip(np.array(tokens, dtype="S").astype(np.float64), -1e6, 1e6)
        hits = [(at, STRANGER, probe.width) for at in _stranger_at(numbers, probe)]
        hits += [(at, IN_THE_CLEAR, probe.dim) for at in _template_at(numbers, probe)]
        places = [m.start() for m in _NUMBER.finditer(text)] if hits else []
        for at, why, count in hits:
            end = places[at + count] if at + count < len(places) else len(text)
            yield Hit(start + places[at], "decimal text", why, end - places[at])


def _stranger_at(numbers: NDArray[np.float64], probe: Probe) -> Iterator[int]:
    if not probe.parts.shape[1]:
        return
    every = np.lib.stride_tricks.sliding_window_view(numbers.astype(np.float32), probe.width)
    for first in range(0, len(every), 4096):
        yield from (first + np.flatnonzero(probe.points_at_stranger(every[first : first + 4096]))).tolist()


def _template_at(numbers: NDArray[np.float64], probe: Probe) -> Iterator[int]:
    """Unit vectors that fill their list but for a few numbers around them, or are stacked. 4 printed digits do."""
    dim = probe.dim
    if len(numbers) < dim:
        return
    sums = np.concatenate([[0.0], np.cumsum(numbers**2)])
    near = np.flatnonzero(np.abs(sums[dim:] - sums[:-dim] - 1) <= 4e-3)
    every = np.lib.stride_tricks.sliding_window_view(numbers, dim)
    found = [
        int(at)
        for first in range(0, len(near), 4096)
        for at in near[first : first + 4096][looks_like_template(every[near[first : first + 4096]], 1e-3)]
    ]
    units = set(found)
    for at in found:
        if len(numbers) < dim + dim // 2 or at - dim in units or at + dim in units:
            yield at
