"""`kenbaar bench leaks` with the real pack, on a few faces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kenbaar.cli._run import run


@pytest.mark.slow
def test_upright_faces_stay_visible_in_no_copy(
    default_pack_folder: Path,
    demo_photos: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KENBAAR_PACK", str(default_pack_folder))
    assert run(["bench", "leaks", "--faces", "10", "--only", "upright", "--only", "60-240 px", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["faces"] for row in rows] == [10, 10]
    assert rows[0]["visible"] == 0 and rows[1]["visible"] <= 1
    assert all(row["held"] == 0 and row["false_masks"] <= 2 * row["photos"] for row in rows)
