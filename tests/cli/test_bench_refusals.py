"""`kenbaar bench` refuses what cannot be measured, with a sentence, before it begins."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kenbaar.cli._run import run


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """The sentence with which the command refuses these words."""

    def refused(*words: str) -> str:
        assert run(["bench", *words]) == 2
        told = capsys.readouterr().err
        assert "Traceback" not in told and "bug" not in told
        return re.sub(r"\s+", " ", told)

    return refused


@pytest.mark.parametrize("command", ["sweep", "publish"])
@pytest.mark.parametrize("photos", ["0", "²", "99999999999", "nowhere"])
def test_photos_that_cannot_be_composed_or_found_are_refused(
    refusal: Callable[..., str], command: str, photos: str, tiny_pack_folder: Path
) -> None:
    assert photos in refusal(command, "--photos", photos, "--pack", str(tiny_pack_folder))


@pytest.mark.parametrize("command", ["sweep", "publish"])
def test_a_folder_without_photos_is_refused_whatever_else_is_in_it(
    refusal: Callable[..., str], command: str, tmp_path: Path, tiny_pack_folder: Path
) -> None:
    (tmp_path / "aaa.txt").write_text("no photo")
    assert "no photo" in refusal(command, "--photos", str(tmp_path), "--pack", str(tiny_pack_folder))


def test_a_gallery_larger_than_the_memory_is_refused(refusal: Callable[..., str]) -> None:
    assert "GB" in refusal("match", "--people", "1000000000000")


def test_leaks_of_no_row_and_from_no_portraits_are_refused(
    refusal: Callable[..., str], tmp_path: Path, tiny_pack_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KENBAAR_PACK", str(tiny_pack_folder))
    assert "upright" in refusal("leaks", "--only", "no such row")
    folders = ("--portraits", str(tmp_path), "--backgrounds", str(tmp_path))
    assert "no portrait" in refusal("leaks", "--only", "upright", *folders)
