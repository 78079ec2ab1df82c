"""Pictures to measure on: 1080p JPEGs with three faces each, composed from photographs at hand."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

WIDTH_PX, HEIGHT_PX = 1920, 1080
PORTRAITS = 3
_DIFFERENT = 6  # compositions; every further file is one of these with another comment in it, so with another digest


def compose_photos(portraits: Sequence[Path], background: Path | None, folder: Path, count: int) -> None:
    """Writes `count` JPEGs (1920 x 1080, quality 90) with three of the portraits each, no two alike in digest.

    portraits: at least three photos of one face each; they are shrunk to about half the picture's height.
    """
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    encoded: list[bytes] = []
    for i in range(min(count, _DIFFERENT)):
        canvas = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), (90, 120, 100))
        if background is not None:
            canvas = Image.open(background).convert("RGB").resize((WIDTH_PX, HEIGHT_PX))
        for place in range(PORTRAITS):
            portrait = Image.open(portraits[(i + place) % len(portraits)]).convert("RGB")
            portrait.thumbnail((WIDTH_PX // PORTRAITS - 60, HEIGHT_PX * 2 // 3))
            canvas.paste(portrait, (30 + WIDTH_PX // PORTRAITS * place, 120 + 30 * i))
        out = io.BytesIO()
        canvas.save(out, "JPEG", quality=90)
        encoded.append(out.getvalue())
    for n in range(count):
        comment = f"kenbaar bench {n:08d}".encode()
        segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
        data = encoded[n % len(encoded)]
        (folder / f"{n:06d}.jpg").write_bytes(data[:2] + segment + data[2:])
