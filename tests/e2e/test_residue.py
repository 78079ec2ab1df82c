"""After somebody left no byte of their name is in home; or the act says who holds it, and the next command ends it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.club import Club

NAME = "Zsuzsanna Quixote"

READER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("BEGIN")
db.execute("SELECT count(*) FROM subjects").fetchall()
print("reading", flush=True)
sys.stdin.read()
"""


def where(home: Path, *words: str) -> list[str]:
    """The files below home that hold one of these words, in any of three encodings; names of files too."""
    sought = [word.encode(code) for word in words for code in ("utf-8", "utf-16-le", "utf-16-be")]
    held = [p for p in home.rglob("*") if p.is_file() and any(s in p.read_bytes() for s in sought)]
    named = [p for p in home.rglob("*") if any(word in str(p.relative_to(home)) for word in words)]
    return sorted(str(p.relative_to(home)) for p in {*held, *named})


@contextmanager
def another_program_reads(database: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process, in the middle of reading that database."""
    with subprocess.Popen(
        [sys.executable, "-c", READER, database], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdout is not None and reader.stdout.readline() == b"reading\n"
        try:
            yield reader
        finally:
            reader.kill()


@pytest.fixture
def left_soon(club: Club) -> Club:
    """A club with somebody in it whose name nobody else has."""
    from tests.e2e import club as drawn

    drawn.FACES[NAME] = drawn.FACES["Dov"]
    club.enrol(NAME, "find", "show:web")
    club.photo("a.jpg", NAME)
    club.collect()
    club.sweep()
    assert where(club.home, NAME)
    return club


def test_no_byte_of_a_name_stays(left_soon: Club) -> None:
    answer = left_soon.kenbaar("withdraw", left_soon.ids[NAME])
    assert answer["scrubbed"] is True and answer["left"] is True
    assert where(left_soon.home, NAME, "Zsuzsanna") == []


@pytest.mark.parametrize("end", ["ends", "is killed"])
def test_while_another_program_reads_the_act_says_so_and_the_next_command_finishes_it(
    left_soon: Club, end: str
) -> None:
    with another_program_reads(left_soon.home / "archive.db") as reader:
        answer = left_soon.kenbaar.answer("withdraw", left_soon.ids[NAME])
        assert answer.data["scrubbed"] is False and "the next kenbaar command takes it away" in answer.words
        left_soon.kenbaar.refused("find", left_soon.ids[NAME], code=3)  # gone all the same
        if end == "ends":
            assert reader.stdin is not None
            reader.stdin.close()
        else:
            reader.kill()
        reader.wait(30)
    left_soon.kenbaar("subjects")
    assert where(left_soon.home, NAME, "Zsuzsanna") == []


def test_a_reader_who_is_soon_done_is_waited_for(left_soon: Club) -> None:
    quick = READER.replace("sys.stdin.read()", "import time; time.sleep(0.5)")
    with subprocess.Popen(
        [sys.executable, "-c", quick, left_soon.home / "archive.db"], stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdout is not None and reader.stdout.readline() == b"reading\n"
        assert left_soon.kenbaar("withdraw", left_soon.ids[NAME])["scrubbed"] is True
    assert where(left_soon.home, NAME) == []


def test_among_many_one_name_goes_whole(club: Club) -> None:
    """The pages of a table that was split and grew hold no copy of a row that went."""
    for n in range(60):
        club.invite(f"Person number {n} {'x' * 90}", "find")
    club.invite(NAME, "find")
    for n in range(60, 90):
        club.invite(f"Person number {n} {'y' * 90}", "find")
    club.kenbaar("withdraw", club.ids[NAME])
    assert where(club.home, NAME) == []
    club.kenbaar("withdraw", club.ids[f"Person number 7 {'x' * 90}"])
    assert where(club.home, "Person number 7 ") == []
