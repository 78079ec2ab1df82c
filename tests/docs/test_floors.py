"""What we stand on is never older than the release that closed a known hole: each floor with its reason."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

# package -> (floor, why; written down 2026-11-26)
FLOORS = {
    "pillow": ("13", "CVE-2026-25990 (PSD, 12.1.1), CVE-2026-59199 and its kin (12.3.0); 13.0 is the oldest we test"),
    "pi-heif": ("1.4", "libheif 1.23.0: CVE-2026-32738 to 32741 (1.22.0); for what came after see .ci/audit.py"),
    "opencv-python-headless": ("4.12", "CVE-2025-53644, reading JPEG (4.12)"),
    "cryptography": ("46.0.5", "CVE-2024-12797 (44.0.1), CVE-2026-26007 (46.0.5)"),
    "joserfc": ("1.6.3", "CVE-2025-65015 (1.4.2), CVE-2026-27932 (1.6.3)"),
    "jinja2": ("3.1.6", "CVE-2025-27516"),
    "onnx": ("1.19", "CVE-2025-51480, writing external data outside the folder"),
    "onnxruntime": ("1.23", "the oldest that we test; packs are closed besides (modelpack/_closed.py)"),
}


@pytest.mark.parametrize("package", FLOORS)
def test_a_floor_is_not_below_the_release_that_closed_a_known_hole(package: str) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    asked = next(d for d in project["dependencies"] if re.match(rf"{package}>=", d))
    assert _numbers(asked.partition(">=")[2]) >= _numbers(FLOORS[package][0])


def _numbers(version: str) -> list[int]:
    return [int(n) for n in version.split(".")]
