"""One function knows which folder a pack's name stands for."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kenbaar.errors import PackUnavailable
from kenbaar.modelpack import (
    default_pack_folder,
    dlib_fast_pack_folder,
    dlib_pack_folder,
    fast_pack_folder,
    find_pack,
    packs_at_hand,
    read_manifest,
)


@pytest.fixture
def cache(tiny_pack_folder: Path, tmp_path: Path) -> Path:
    """A cache with tiny 1 in it."""
    shutil.copytree(tiny_pack_folder, tmp_path / "cache" / "packs" / "tiny-1")
    return tmp_path / "cache"


def with_version(cache: Path, version: str) -> Path:
    folder = cache / "packs" / f"tiny-{version}"
    shutil.copytree(cache / "packs" / "tiny-1", folder)
    manifest = replace(read_manifest(folder), version=version)
    (folder / "manifest.json").write_text(manifest.text(), "utf-8")
    return folder


def test_kenbaars_own_packs_have_a_place_before_they_are_fetched(tmp_path: Path) -> None:
    assert find_pack(tmp_path, "default") == default_pack_folder(tmp_path)
    assert find_pack(tmp_path, "fast") == fast_pack_folder(tmp_path)
    assert find_pack(tmp_path, "dlib") == dlib_pack_folder(tmp_path) == tmp_path / "packs" / "default-1"
    assert find_pack(tmp_path, "dlib-fast") == dlib_fast_pack_folder(tmp_path) == tmp_path / "packs" / "fast-1"


def test_a_pack_of_the_cache_has_its_name_and_its_name_with_the_version(cache: Path) -> None:
    assert find_pack(cache, "tiny") == find_pack(cache, "tiny-1") == cache / "packs" / "tiny-1"


def test_a_name_that_several_versions_have_is_not_guessed_at(cache: Path) -> None:
    second = with_version(cache, "2")
    with pytest.raises(PackUnavailable, match="tiny-1, tiny-2"):
        find_pack(cache, "tiny")
    assert find_pack(cache, "tiny-2") == second


def test_a_folder_is_a_name_too_and_one_with_a_slash_is_never_looked_up(cache: Path, tmp_path: Path) -> None:
    assert find_pack(cache, str(tmp_path / "mine")) == tmp_path / "mine"
    assert find_pack(cache, "./tiny") == Path("tiny")
    assert find_pack(cache, "~/mine") == Path.home() / "mine"


def test_one_word_is_the_caches_pack_before_it_is_a_folder_here(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cache / "tiny").mkdir()
    (cache / "other").mkdir()
    monkeypatch.chdir(cache)
    assert find_pack(cache, "tiny") == cache / "packs" / "tiny-1"
    assert find_pack(cache, "other") == Path("other")


@pytest.mark.parametrize("name", ["nosuch", "..fast", "", "tiny-3"])
def test_a_name_nobody_has_is_refused_with_the_names_there_are(cache: Path, name: str) -> None:
    if not name:
        assert find_pack(cache, name) == Path()  # a folder: the one we are in, and whether a pack is there is seen next
        return
    with pytest.raises(PackUnavailable, match="default, dlib, dlib-fast, fast, tiny-1") as refusal:
        find_pack(cache, name)
    assert "pack add" in refusal.value.do


def test_what_is_being_made_or_broken_has_no_name(cache: Path) -> None:
    with_version(cache, "2").rename(cache / "packs" / ".making-tiny-2")
    (with_version(cache, "3") / "manifest.json").write_text("{", "utf-8")
    assert [folder.name for folder, _ in packs_at_hand(cache)] == ["tiny-1"]
    assert find_pack(cache, "tiny") == cache / "packs" / "tiny-1"
