"""What `kenbaar check` proves: a vector is found wherever and however it lies, and ordinary bytes are not accused."""

from __future__ import annotations

import base64
import json
import os
import pickle
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kenbaar.errors import BadTemplate, NotFound
from kenbaar.rights import ResidueReport, scan_home
from kenbaar.rights._residue import _CHUNK, MOST_FINDINGS

DIM = 128


Encoder: TypeAlias = Callable[[NDArray[np.float32]], bytes]


def vectors(count: int, dim: int = DIM, seed: int = 7) -> NDArray[np.float32]:
    """Made-up embeddings: unit, float32."""
    drawn = np.random.default_rng(seed).standard_normal((count, dim))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


STRANGERS = vectors(5)
STRANGER = STRANGERS[3]


def int8(scale: float, rounded: bool = True, to_peak: bool = False) -> Encoder:
    def encode(v: NDArray[np.float32]) -> bytes:
        scaled = np.clip(v * (scale / float(np.abs(v).max()) if to_peak else scale), -128, 127)
        return bytes((np.rint(scaled) if rounded else np.trunc(scaled)).astype(np.int8).tobytes())

    return encode


def as_floats(dtype: str) -> Encoder:
    return lambda v: v.astype(dtype).tobytes()


def then(wrap: Callable[[bytes], bytes], encode: Encoder) -> Encoder:
    return lambda v: wrap(encode(v))


BINARY: dict[str, Encoder] = {
    **{f"{t} {o}": as_floats(o + t) for t in ("f8", "f4", "f2") for o in "<>"},
    "raw norm 1.5": lambda v: (v * 1.5).astype("<f4").tobytes(),
    "raw norm 20": lambda v: (v * 20).astype("<f2").tobytes(),
    "pickled floats": lambda v: pickle.dumps(v.tolist()),
    "int8 x127": int8(127),
    "int8 x128": int8(128),
    "int8 x127 truncated": int8(127, False),
    "int8 to 127": int8(127, to_peak=True),
    "int8 to 128": int8(128, to_peak=True),
    "int8 to 127 truncated": int8(127, False, to_peak=True),
}
TEXT: dict[str, Encoder] = {
    **{f"base64 of {k}": then(base64.b64encode, e) for k, e in BINARY.items()},
    **{f"base64url of {k}": then(base64.urlsafe_b64encode, e) for k, e in BINARY.items()},
    **{f"wrapped base64 of {k}": then(base64.encodebytes, e) for k, e in BINARY.items()},
    **{f"hex of {k}": then(lambda coded: coded.hex().encode(), e) for k, e in BINARY.items()},
    "upper hex": lambda v: v.tobytes().hex().upper().encode(),
    "json": lambda v: json.dumps(v.tolist()).encode(),
    "indented json": lambda v: json.dumps(v.tolist(), indent=4).encode(),
    "four digits": lambda v: " ".join(f"{x:.4f}" for x in v.tolist()).encode(),
    "numpy print": lambda v: str(v).encode(),
    "numpy repr": lambda v: repr(v).encode(),
    "list of numpy numbers": lambda v: repr(list(v)).encode(),
    "scientific": lambda v: ";".join(f"{x:e}" for x in v.tolist()).encode(),
    "int8 as json": lambda v: json.dumps(np.rint(v * 127).astype(int).tolist()).encode(),
}
EVERY = {**BINARY, **TEXT}


def found(report: ResidueReport) -> bool:
    return bool(report.findings)


def put(home: Path, data: bytes, name: str = "file.bin") -> ResidueReport:
    (home / name).write_bytes(data)
    return scan_home(home, STRANGERS, dim=DIM)


def as_database(path: Path, blob: bytes, before: int = 30) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, words TEXT, data BLOB)")
        rows = [(i, f"item {i} of the summer camp", os.urandom(64)) for i in range(before)]
        db.executemany("INSERT INTO t VALUES (?, ?, ?)", [*rows, (before, "the one", blob)])
    db.close()


@pytest.mark.parametrize("encoding", EVERY)
def test_a_vector_in_a_database_page_is_found(tmp_path: Path, encoding: str) -> None:
    as_database(tmp_path / "archive.db", EVERY[encoding](STRANGER))
    assert found(scan_home(tmp_path, STRANGERS, dim=DIM))


@pytest.mark.parametrize("encoding", EVERY)
@pytest.mark.parametrize("share", [0.1, 0.3, 0.45, 0.55, 0.8])
def test_a_vector_cut_by_an_overflow_page_is_found(tmp_path: Path, encoding: str, share: float) -> None:
    data = EVERY[encoding](STRANGER)
    page = 4096 - 4  # an overflow page: a pointer to the next, then payload
    as_database(tmp_path / "archive.db", os.urandom(8 * page - int(share * len(data))) + data + os.urandom(2 * page))
    assert found(scan_home(tmp_path, STRANGERS, dim=DIM))


@pytest.mark.parametrize("encoding", TEXT)
def test_a_vector_in_a_log_line_is_found(tmp_path: Path, encoding: str) -> None:
    line = b"2026-11-21 10:00:00 DEBUG probe=" + TEXT[encoding](STRANGER) + b" of i-0123456789ab\n"
    assert found(put(tmp_path, b"2026-11-21 09:59:59 INFO sweep 7: 20 photos\n" * 40 + line, "kenbaar.log"))


@pytest.mark.parametrize("encoding", EVERY)
def test_a_vector_alone_in_a_temporary_file_is_found(tmp_path: Path, encoding: str) -> None:
    home, leftovers = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    leftovers.mkdir()
    (leftovers / "kenbaar-x1").write_bytes(EVERY[encoding](STRANGER))
    assert not found(scan_home(home, STRANGERS, dim=DIM))
    assert found(scan_home(home, STRANGERS, dim=DIM, also=[leftovers]))
    assert found(scan_home(home, STRANGERS, dim=DIM, also=[leftovers / "kenbaar-x1"]))


@pytest.mark.parametrize("encoding", EVERY)
def test_a_vector_amid_random_bytes_is_found_at_every_alignment(tmp_path: Path, encoding: str) -> None:
    noise = np.random.default_rng(0).bytes(4000)
    for shift in range(9):
        report = put(tmp_path, noise[: 1000 + shift] + EVERY[encoding](STRANGER) + noise[2000:])
        assert found(report), shift


@pytest.mark.parametrize("encoding", ["f4 <", "int8 to 127", "wrapped base64 of f4 <", "json"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.integers(-4000, 4000))
def test_a_vector_across_the_border_of_two_reads_is_found_where_it_lies(
    tmp_path: Path, encoding: str, where: int
) -> None:
    at = _CHUNK + where
    report = put(
        tmp_path, b"the quick brown fox " * (at // 20) + b" " * (at % 20) + EVERY[encoding](STRANGER) + b" end"
    )
    assert len({f.encoding for f in report.findings}) >= 1
    assert min(abs(f.offset - at) for f in report.findings) <= 2
    assert len([f for f in report.findings if f.why == "a stranger's vector"]) == 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    encoding=st.sampled_from(sorted(EVERY)),
    before=st.binary(max_size=400),
    after=st.binary(max_size=400),
    which=st.integers(0, 4),
)
def test_whatever_lies_around_a_vector_it_is_found(
    tmp_path: Path, encoding: str, before: bytes, after: bytes, which: int
) -> None:
    assert found(put(tmp_path, before + EVERY[encoding](STRANGERS[which]) + after))


@pytest.mark.parametrize(("noise", "is_found"), [(0.05, True), (0.2, True), (1.0, False)])
def test_a_vector_derived_again_a_little_differently_is_found(tmp_path: Path, noise: float, is_found: bool) -> None:
    other = STRANGER + noise * vectors(1, seed=9)[0]  # cosine 0.999, 0.98, 0.7
    (tmp_path / "x").write_bytes((3 * other).astype("<f4").tobytes())
    assert found(scan_home(tmp_path, STRANGERS, dim=DIM)) == is_found


@pytest.mark.parametrize("dim", [16, 32, 48, 64, 100, 192, 512])
@pytest.mark.parametrize("encoding", ["f4 <", "f8 >", "f2 <", "json", "base64 of f4 <", "hex of f8 <"])
def test_packs_of_other_dimensions_are_checked_as_well(tmp_path: Path, dim: int, encoding: str) -> None:
    strangers = vectors(3, dim)
    noise = np.random.default_rng(1).bytes(200_000)
    (tmp_path / "x").write_bytes(noise)
    assert not found(scan_home(tmp_path, strangers, dim=dim))
    (tmp_path / "x").write_bytes(noise[:999] + b" " + EVERY[encoding](strangers[1]) + b" " + noise[999:])
    assert found(scan_home(tmp_path, strangers, dim=dim))


@pytest.mark.parametrize("encoding", ["f4 <", "f4 >", "f8 <", "f2 <", "pickled floats", "base64 of f4 <", "json"])
def test_anybodys_template_in_the_clear_is_found_without_knowing_whose(tmp_path: Path, encoding: str) -> None:
    noise = np.random.default_rng(2).bytes(5000)
    (tmp_path / "x").write_bytes(noise[:1001] + b"\n" + EVERY[encoding](STRANGER) + b"\n" + noise[1001:])
    report = scan_home(tmp_path, None, dim=DIM)
    assert [f.why for f in report.findings] == ["a template lies in the clear"]
    assert report.vectors == 0


def test_a_stack_of_templates_in_the_clear_is_found_without_knowing_whose(tmp_path: Path) -> None:
    (tmp_path / "gallery.npy").write_bytes(vectors(50).tobytes())
    assert len(scan_home(tmp_path, None, dim=DIM).findings) >= 1


def test_a_whole_gallery_in_the_clear_does_not_flood_the_report(tmp_path: Path) -> None:
    blocks = [v.tobytes() + os.urandom(300) for v in vectors(400)]
    (tmp_path / "gallery").write_bytes(b"".join(blocks))
    findings = scan_home(tmp_path, None, dim=DIM).findings
    assert len(findings) == MOST_FINDINGS + 1
    assert "not looked at" in findings[-1].why


def ordinary() -> dict[str, bytes]:
    """A few MB of what lies in a home folder, none of it a vector."""
    import cv2

    rng = np.random.default_rng(3)
    noise = rng.integers(0, 256, (600, 800, 3)).astype(np.uint8)
    smooth = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 6), None, 0, 255, cv2.NORM_MINMAX)  # type: ignore[call-overload]
    words = [rng.integers(97, 123, rng.integers(2, 9)).astype(np.uint8).tobytes() for _ in range(500)]
    items = [
        {"id": f"i-{i:012x}", "box": rng.integers(0, 4000, 4).tolist(), "score": float(rng.random()), "t": i * 0.04}
        for i in range(4000)
    ]
    return {
        "random": rng.bytes(3_000_000),
        "zeros": bytes(2_000_000),
        "text": b" ".join(words[i] for i in rng.integers(0, 500, 150_000)),
        "json": json.dumps(items, indent=1).encode(),
        "csv": "\n".join(",".join(map(str, r)) for r in rng.integers(-900, 900, (9000, 12)).tolist()).encode(),
        "base64 lines": base64.encodebytes(rng.bytes(600_000)),
        "hex": rng.bytes(300_000).hex().encode(),
        "jpeg": cv2.imencode(".jpg", noise)[1].tobytes() + cv2.imencode(".jpg", smooth)[1].tobytes(),
        "png": cv2.imencode(".png", smooth)[1].tobytes(),
        "pixels": smooth.tobytes() + noise.tobytes(),
        "sound": (rng.standard_normal(100_000) * 300).astype("<i2").tobytes(),
        "counters": np.arange(100_000, dtype="<u4").tobytes() + np.arange(50_000, dtype="<f8").tobytes(),
        "floats": (rng.standard_normal(60_000) * 3).astype("<f4").tobytes(),
        "floats as loud as a template": (rng.standard_normal(60_000) / DIM**0.5).astype("<f4").tobytes(),
        "times": (1.76e9 + rng.random(50_000) * 1e6).astype("<f8").tobytes(),
        "utf-16": "kenbaar maken, zich ".encode("utf-16") * 20_000,
    }


@pytest.mark.parametrize("strangers", [None, vectors(40)], ids=["generic", "with strangers"])
def test_nothing_is_found_where_nothing_was_planted(tmp_path: Path, strangers: NDArray[np.float32] | None) -> None:
    content = ordinary()
    for name, data in content.items():
        (tmp_path / name).write_bytes(data)
    with sqlite3.connect(tmp_path / "archive.db") as db:
        db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, words TEXT, score REAL, sealed BLOB, n INTEGER)")
        row = ((i, f"photo {i}.jpg", i / 7, os.urandom(600), i * 37) for i in range(4000))
        db.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", row)
    db.close()
    report = scan_home(tmp_path, strangers, dim=DIM)
    assert report.findings == ()
    assert report.files == len(content) + 1
    assert report.bytes == sum(f.stat().st_size for f in tmp_path.iterdir())
    assert report.vectors == (0 if strangers is None else 40)


def test_strangers_that_are_not_stored_are_not_found(tmp_path: Path) -> None:
    noise = np.random.default_rng(4).bytes(20_000)
    (tmp_path / "sealed").write_bytes(noise)
    (tmp_path / "other").write_bytes((vectors(1, seed=99)[0] * 3).astype("<f4").tobytes())  # not unit, not given
    assert not found(scan_home(tmp_path, STRANGERS, dim=DIM))


def test_an_unreadable_file_is_a_finding_and_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    memory = Path("/proc/self/mem")  # a regular file that nobody, root included, can read from its start
    if not memory.exists():
        pytest.skip("needs /proc")
    (tmp_path / "x").write_bytes(STRANGER.tobytes())
    report = scan_home(tmp_path, STRANGERS, dim=DIM, also=[memory])
    assert {f.encoding for f in report.findings if f.path == memory} == {"unreadable"}
    assert any(f.path == tmp_path / "x" and f.why == "a stranger's vector" for f in report.findings)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_and_a_folder_without_permission_are_findings(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").chmod(0)
    (tmp_path / "folder").chmod(0)
    report = scan_home(tmp_path, None, dim=DIM)
    (tmp_path / "folder").chmod(0o700)
    assert [f.path.name for f in report.findings] == ["file", "folder"]
    assert all(f.why.startswith("could not be read") for f in report.findings)


def test_links_are_not_followed_and_pipes_are_not_waited_for(tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir()
    outside.mkdir()
    (outside / "x").write_bytes(STRANGER.tobytes())
    (home / "file").symlink_to(outside / "x")
    (home / "folder").symlink_to(outside)
    (home / "loop").symlink_to(home)
    os.mkfifo(home / "pipe")
    report = scan_home(home, STRANGERS, dim=DIM)
    assert (report.files, report.findings) == (0, ())


def test_a_huge_sparse_file_costs_only_what_is_in_it(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
        file.seek(3 << 38)
        file.write(STRANGER.tobytes())
    report = scan_home(tmp_path, STRANGERS, dim=DIM)
    assert report.bytes == 1 << 40
    assert [f.offset for f in report.findings] == [3 << 38]


def test_odd_names_are_told_as_they_are(tmp_path: Path) -> None:
    name = os.fsdecode(b"a\nb\xff.log")
    (tmp_path / name).write_bytes(STRANGER.tobytes())
    assert [f.path.name for f in scan_home(tmp_path, STRANGERS, dim=DIM).findings] == [name]


def test_a_missing_home_is_refused_and_a_missing_leftover_is_fine(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        scan_home(tmp_path / "none", None, dim=DIM)
    assert scan_home(tmp_path, None, dim=DIM, also=[tmp_path / "gone"]).findings == ()


@pytest.mark.parametrize("bad", [np.full((1, DIM), np.nan), np.zeros((1, DIM)), np.ones((1, 64)), np.ones(DIM)])
def test_vectors_that_cannot_be_looked_for_are_refused(tmp_path: Path, bad: NDArray[np.float64]) -> None:
    with pytest.raises(BadTemplate):
        scan_home(tmp_path, bad.astype(np.float32), dim=DIM)


def test_a_finding_never_shows_the_vector(tmp_path: Path) -> None:
    report = put(tmp_path, json.dumps(STRANGER.tolist()).encode())
    assert report.findings and not any(f"{abs(x):.4f}" in repr(report) for x in STRANGER.tolist())
