"""A video of our own pictures: for measuring and showing. Nobody else's bytes are read, so it runs in this process."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def encode_frames(target: Path, frames: Iterable[NDArray[np.uint8]], rate: Fraction | int) -> int:
    """Writes upright RGB frames (rows, columns, 3), even sizes, as H.264 in an MP4; returns how many."""
    import av

    count = 0
    with av.open(str(target), "w") as container:
        stream: Any = None
        for pixels in frames:
            if stream is None:
                stream = container.add_stream("libx264", rate=rate, options={"crf": "18", "preset": "veryfast"})
                stream.width, stream.height, stream.pix_fmt = pixels.shape[1], pixels.shape[0], "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            count += 1
        if stream is not None:
            container.mux(stream.encode())
    return count
