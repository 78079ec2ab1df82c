"""Codes and tokens come from a file, standard input or a prompt; on the command line only with a warning."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.club import Club, draw_people
from tests.e2e.driver import COMMAND

WARNING = "process list"


@pytest.fixture
def eva(party: Club) -> Club:
    """The party with Eva, who holds her own key and is in one photo."""
    party.photo("eva.jpg", "Eva")
    party.enrol("Eva", "find", options=("--holder", "subject"))
    code = party.folder / "code.txt"
    code.write_text(party.codes["Eva"] + "\n")
    party.kenbaar("sweep", "party", "--workers", 1, "--code-file", code)
    return party


def run(club: Club, arguments: Sequence[object], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The installed command, without a terminal, with this on its standard input."""
    words = [os.fspath(a) if isinstance(a, os.PathLike) else str(a) for a in arguments]
    return subprocess.run([COMMAND, *words], env=club.kenbaar.env, input=given, capture_output=True, timeout=60)


@pytest.mark.usefixtures("true_codes")
def test_a_code_from_a_file_or_from_standard_input_is_the_code_and_nothing_is_warned_of(eva: Club) -> None:
    file = eva.folder / "code.txt"
    for words, given in ((("--code-file", file), b""), (("--code-file", "-"), file.read_bytes())):
        done = run(eva, ["find", eva.ids["Eva"], *words, "--json"], given)
        assert done.returncode == 0, done.stderr
        assert len(json.loads(done.stdout)["appearances"]) == 1
        assert WARNING.encode() not in done.stderr


@pytest.mark.usefixtures("true_codes")
def test_a_code_from_a_descriptor(eva: Club) -> None:
    read, write = os.pipe()
    os.write(write, eva.codes["Eva"].encode())
    os.close(write)
    done = subprocess.run(
        [COMMAND, "find", eva.ids["Eva"], "--code-file", f"/dev/fd/{read}", "--json"],
        env=eva.kenbaar.env, capture_output=True, timeout=60, pass_fds=[read],
    )  # fmt: skip
    os.close(read)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["find", "claim", "reject", "export", "sweep", "enrol"])
def test_a_secret_on_the_command_line_is_warned_of_on_stderr(eva: Club, command: str) -> None:
    item, code = eva.items()["eva.jpg"]["item"], eva.codes["Eva"]
    words: dict[str, list[object]] = {
        "find": [eva.ids["Eva"], "--code", code],
        "claim": [eva.ids["Eva"], item, "--box", 0, "--code", code],
        "reject": [eva.ids["Eva"], item, "--code", code],
        "export": [eva.ids["Eva"], eva.folder / "eva.zip", "--code", code],
        "sweep": ["party", "--workers", 1, "--code", code],
        "enrol": [eva.invite("Dov", "find"), eva.portrait("Dov")],
    }
    answer = eva.kenbaar.answer(command, *words[command])
    assert answer.code == 0 and WARNING in answer.words, answer.words


@pytest.mark.usefixtures("true_codes")
def test_nothing_waits_for_an_answer_where_nobody_is_there_to_give_it(eva: Club) -> None:
    for words in (["find", eva.ids["Eva"]], ["enrol"], ["enrol", "--by-hand"]):
        for more in ([], ["--json"]):
            done = run(eva, [*words, *more])
            assert done.returncode in (2, 3) and b"Traceback" not in done.stderr, done.stderr
            assert b"kenbaar: " in done.stderr


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\x00", b"x" * 100_000])
def test_a_file_that_holds_no_code_is_refused_and_not_told(eva: Club, content: bytes) -> None:
    file = eva.folder / "bad.txt"
    file.write_bytes(content)
    answer = eva.kenbaar.answer("find", eva.ids["Eva"], "--code-file", file)
    assert answer.code == 2 and "xxxx" not in answer.words
    assert eva.kenbaar.answer("find", eva.ids["Eva"], "--code-file", eva.folder / "none.txt").code == 2
    assert eva.kenbaar.answer("find", eva.ids["Eva"], "--code-file", eva.folder).code == 2


@pytest.mark.usefixtures("true_codes")
def test_somebody_enrols_and_renews_without_a_secret_in_the_process_list(eva: Club) -> None:
    token = eva.invite("Dov", "find", options=("--holder", "subject"))
    done = run(eva, ["enrol", "--token-file", "-", eva.portrait("Dov"), "--json"], token.encode())
    assert done.returncode == 0, done.stderr
    assert WARNING.encode() not in done.stderr
    (eva.folder / "dov.txt").write_text(json.loads(done.stdout)["code"])
    again = eva.kenbaar("renew", eva.ids["Dov"])["token"]
    both = run(eva, ["enrol", "--token-file", "-", "--code-file", "-", eva.portrait("Dov"), "--json"], again.encode())
    assert both.returncode == 2 and b"one thing" in both.stderr
    words = ["enrol", "--token-file", "-", "--code-file", eva.folder / "dov.txt", eva.portrait("Dov"), "--json"]
    assert run(eva, words, again.encode()).returncode == 0


@pytest.mark.usefixtures("true_codes")
def test_at_a_terminal_the_code_is_asked_for_and_not_shown(eva: Club) -> None:
    seen = at_a_terminal(eva, ["find", eva.ids["Eva"]], b"Recovery code", eva.codes["Eva"])
    assert b"eva.jpg" in seen and eva.codes["Eva"].encode() not in seen


def test_at_a_terminal_the_token_is_asked_for_when_the_first_word_is_a_photo(eva: Club) -> None:
    draw_people(eva.folder / "dov.jpg", "Dov")
    token = eva.invite("Dov", "find")
    words = ["enrol", eva.portrait("Dov"), "--agree", "find"]
    seen = at_a_terminal(eva, words, b"Token", token)
    assert b"Enrolled as" in seen and token.encode() not in seen


def at_a_terminal(club: Club, arguments: Sequence[object], prompt: bytes, answer: str) -> bytes:
    """What somebody at a terminal sees who answers that prompt."""
    child, terminal = pty.fork()
    if child == 0:
        words = [os.fspath(a) if isinstance(a, os.PathLike) else str(a) for a in arguments]
        os.execve(COMMAND, [str(COMMAND), *words], club.kenbaar.env)
    seen = b""
    answered = False
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other end is closed: it ended
            break
        if not part:
            break
        seen += part
        if prompt in seen and not answered:
            os.write(terminal, answer.encode() + b"\n")
            answered = True
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, seen
    return seen


def test_a_code_file_is_read_by_its_place_and_never_kept(eva: Club) -> None:
    secret = eva.codes["Eva"].split("-")[-1].encode()
    eva.kenbaar("find", eva.ids["Eva"], "--code-file", Path(eva.folder / "code.txt"))
    for file in (p for p in eva.home.rglob("*") if p.is_file()):
        assert eva.codes["Eva"].encode() not in file.read_bytes() and secret not in file.read_bytes(), file
