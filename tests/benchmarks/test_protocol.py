from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.environments import dlib_weights, environment, environment_folder
from benchmarks.protocol import Beginning, Found, Peer, PeerRefused

ROOT = Path(__file__).parents[2]
BEGINNING = Beginning("as ever", {"a": "a.jpg"}, "weights", None)
FAKE = """
import os, sys, time
sys.path.insert(0, {root!r})
from benchmarks.protocol import Answer, Found, PeerRefused, serve
def load(begin):
    {load}
    return work, {{"fake": "1", "way": begin.way}}
def work(photo, out):
    {work}
serve(load)
"""


@contextmanager
def peer(tmp_path: Path, work: str, load: str = "pass", patience_s: float = 30) -> Iterator[Peer]:
    script = tmp_path / "peer.py"
    script.write_text(FAKE.format(root=str(ROOT), load=load, work=work), "utf-8")
    running = Peer([sys.executable, str(script)], BEGINNING, tmp_path / "log.txt", {}, patience_s)
    try:
        yield running
    finally:
        running.close()


def test_a_peer_is_loaded_once_and_then_answers_round_after_round(tmp_path: Path) -> None:
    with peer(tmp_path, "return Answer([Found((1, 2, 3, 4), photo.stem)], written=str(out / photo.name))") as running:
        assert running.versions == {"fake": "1", "way": "as ever"}
        for _ in range(2):
            first, second = running.work([Path("a.jpg"), Path("b.jpg")], tmp_path)
            assert first.faces == [Found((1, 2, 3, 4), "a")]
            assert second.written == str(tmp_path / "b.jpg")


def test_time_is_told_for_each_photo_by_clock_and_by_cpu(tmp_path: Path) -> None:
    with peer(tmp_path, "time.sleep(0.05 if photo.stem == 'slow' else 0); return Answer()") as running:
        slow, quick = running.work([Path("slow.jpg"), Path("quick.jpg")], tmp_path)
        assert slow.wall_s >= 0.05 > slow.cpu_s  # who sleeps uses no CPU
        assert quick.wall_s > 0


def test_what_a_library_prints_does_not_garble_the_answers(tmp_path: Path) -> None:
    with peer(tmp_path, "print('noise'); os.write(1, b'more noise'); return Answer()") as running:
        assert len(running.work([Path("a.jpg")], tmp_path)) == 1
    assert "noise" in (tmp_path / "log.txt").read_text("utf-8")


def test_peers_are_told_to_use_one_thread(tmp_path: Path) -> None:
    with peer(tmp_path, "return Answer(written=os.environ['OMP_NUM_THREADS'])") as running:
        assert running.work([Path("a.jpg")], tmp_path)[0].written == "1"


def test_a_peer_that_cannot_load_says_why(tmp_path: Path) -> None:
    load = "raise PeerRefused('No weights to be had.')"
    with pytest.raises(PeerRefused, match=r"^No weights to be had\.$"), peer(tmp_path, "pass", load=load):
        pass


def test_a_missing_package_is_its_reason(tmp_path: Path) -> None:
    with pytest.raises(PeerRefused, match="ModuleNotFoundError"), peer(tmp_path, "pass", load="import no_such_thing"):
        pass


def test_a_photo_it_fails_on_ends_its_row_with_the_reason(tmp_path: Path) -> None:
    with (
        peer(tmp_path, "raise OSError('cannot read this')") as running,
        pytest.raises(PeerRefused, match="cannot read"),
    ):
        running.work([Path("a.jpg")], tmp_path)


def test_a_peer_that_dies_is_noticed(tmp_path: Path) -> None:
    with peer(tmp_path, "os._exit(3)") as running:
        for _ in range(2):
            with pytest.raises(PeerRefused, match=r"ended without a word; see log\.txt"):
                running.work([Path("a.jpg")], tmp_path)


def test_a_peer_that_hangs_is_ended(tmp_path: Path) -> None:
    with peer(tmp_path, "time.sleep(60)", patience_s=1) as running, pytest.raises(PeerRefused, match="more than 1 s"):
        running.work([Path("a.jpg")], tmp_path)


def test_an_answer_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PeerRefused, match="no JSON"):
        Peer([sys.executable, "-c", "input(); print('hello')"], BEGINNING, tmp_path / "log.txt", {}, 30)


def test_an_interpreter_that_is_not_there_is_a_reason(tmp_path: Path) -> None:
    with pytest.raises(PeerRefused, match="could not be started"):
        Peer([str(tmp_path / "python")], BEGINNING, tmp_path / "log.txt", {}, 30)


@pytest.mark.slow
def test_packages_that_cannot_be_had_are_a_reason_and_leave_nothing_that_looks_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    peers = peers_of(tmp_path, "no-such-package-of-kenbaar==1\n")
    with pytest.raises(PeerRefused, match=r"cannot be had here.*no-such-package-of-kenbaar"):
        environment("odd", tmp_path / "work", peers)
    assert not list((tmp_path / "work").rglob(".whole"))


@pytest.mark.slow
def test_an_environment_is_made_once(tmp_path: Path) -> None:
    peers = peers_of(tmp_path, "# nothing\n")
    python = environment("odd", tmp_path / "work", peers)
    assert os.access(python, os.X_OK)
    made = python.parent.stat().st_ctime_ns
    assert environment("odd", tmp_path / "work", peers) == python
    assert python.parent.stat().st_ctime_ns == made


def test_other_packages_are_another_environment(tmp_path: Path) -> None:
    first = environment_folder("odd", tmp_path, peers_of(tmp_path, "numpy==2.4.5\n"))
    again = environment_folder("odd", tmp_path, tmp_path / "peers")
    assert first == again
    assert environment_folder("odd", tmp_path, peers_of(tmp_path, "numpy==2.4.6\n")) != first


def peers_of(tmp_path: Path, requirements: str) -> Path:
    peers = tmp_path / "peers"
    (peers / "odd").mkdir(parents=True, exist_ok=True)
    (peers / "odd" / "requirements.txt").write_text(requirements, "utf-8")
    return peers


def test_weights_that_cannot_be_had_are_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(PeerRefused, match="weights cannot be had here"):
        dlib_weights(tmp_path)
    assert not (tmp_path / "weights").exists()
