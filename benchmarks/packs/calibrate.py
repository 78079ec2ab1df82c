"""Measures the ranges that `dlib-fast`, and the detector of `fast`, are made with; writes dlib_fast_ranges.json.

    python benchmarks/packs/calibrate.py > dlib_fast_ranges.json

Nobody has to run this: the ranges lie beside the code, so that the pack is the same on every machine. They were
measured on the demo's photographs (public domain), each also mirrored, turned, darker, lighter, lit from a side, grey,
small and blurred; what a value reached in any of them is its range, in the detector half as much again. Pictures that
error rates are measured on are not among them. It takes some minutes. The rounding of another processor may move a last
digit: a new file is another pack, and needs a new VERSION.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenbaar.modelpack._centerface import OUTPUTS
from kenbaar.modelpack._detect import Detector
from kenbaar.modelpack._embed import Embedder
from kenbaar.modelpack._manifest import Manifest, read_file, read_manifest
from kenbaar.modelpack._sessions import Network
from kenbaar.packmaking._dlib_fast import FLOAT_FIRST
from kenbaar.packmaking._quantise import folded, needed_ranges

PORTRAITS = (
    *("astronaut.png", "biden.jpg", "obama.jpg", "obama2.jpg", "obama3.jpg"),
    *("obama_partial_face.jpg", "obama_partial_face2.jpg"),
)
WITHOUT_PEOPLE = ("coffee.png", "chelsea.png")
_LARGEST_PX = 1280
_LOOKS_PX = (576, 1152)  # long sides the detector looks at: about those of a look and of a closer one
# The detector's ranges are this much wider than what was reached: the portraits have no small faces in them, and what
# is cut off hides small faces first (decision 0022). The embedder's are as reached: cutting off there loses nothing.
_DETECTOR_ROOM = 1.5
_DIGITS = 4


@dataclass(frozen=True, slots=True, eq=False)
class _Pixels:
    """A picture as this room takes it."""

    pixels: NDArray[np.uint8]
    scale: int = 1

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


class _Overheard(Network):
    """A network that remembers what it was fed, so that the ranges are those of the product's own path."""

    def __init__(self, data: bytes, role: str, outputs: Sequence[str] = ()) -> None:
        super().__init__(data, role, threads=1, outputs=outputs)
        self.fed: list[NDArray[np.float32]] = []

    def run(
        self, batch: NDArray[np.float32], shapes: Mapping[str, tuple[int, ...]] | tuple[int, ...]
    ) -> list[NDArray[np.float32]]:
        """As Network.run."""
        self.fed.append(batch)
        return super().run(batch, shapes)


def measure_ranges(dlib_pack: Path, photos: Path) -> dict[str, dict[str, tuple[float, float]]]:
    """Smallest and largest value of everything that is rounded in the dlib-fast pack, by part and name.

    dlib_pack: the folder of the dlib pack; photos: that of the demo's photographs.
    """
    manifest = read_manifest(dlib_pack)
    detector, embedder = (read_file(dlib_pack, part.file) for part in (manifest.detector, manifest.embedder))
    return {
        "detector": _ranges(detector, _fed_to_detector(detector, manifest, photos), FLOAT_FIRST, room=_DETECTOR_ROOM),
        "embedder": _ranges(embedder, _fed_to_embedder(detector, embedder, manifest, photos), 0, room=1.0),
    }


def _fed_to_detector(detector: bytes, manifest: Manifest, photos: Path) -> Iterator[NDArray[np.float32]]:
    network = _Overheard(detector, "detector", OUTPUTS)
    finder = Detector(network, manifest.detector)
    for picture in _pictures(photos, (*PORTRAITS, *WITHOUT_PEOPLE)):
        for side in _LOOKS_PX:
            finder.find(picture, side, manifest.detector.min_score)
            yield from network.fed
            network.fed.clear()


def _fed_to_embedder(
    detector: bytes, embedder: bytes, manifest: Manifest, photos: Path
) -> Iterator[NDArray[np.float32]]:
    network = _Overheard(embedder, "embedder")
    spec = manifest.detector
    finder = Detector(Network(detector, "detector", threads=1, outputs=OUTPUTS), spec)
    maker = Embedder(network, manifest.embedder)
    for picture in _pictures(photos, PORTRAITS):
        maker.embed([maker.cut(picture, face) for face in finder.find(picture, spec.long_side, spec.min_score)])
        yield from network.fed
        network.fed.clear()


def _ranges(
    network: bytes, batches: Iterator[NDArray[np.float32]], float_first: int, *, room: float
) -> dict[str, tuple[float, float]]:
    """What each rounded value of the unrounded network reached, times `room`, told to four digits."""
    import onnx
    import onnxruntime as ort

    names = needed_ranges(network, float_first=float_first)
    model = onnx.load_from_string(folded(network))
    fed = model.graph.input[0].name
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names if name != fed)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL  # nothing is merged away
    options.log_severity_level = 4
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    lows, highs = dict.fromkeys(names, np.inf), dict.fromkeys(names, -np.inf)
    asked = [name for name in names if name != fed]
    for batch in batches:
        values = dict(zip(asked, session.run(asked, {fed: batch}), strict=True)) | {fed: batch}
        for name in names:
            lows[name] = min(lows[name], float(values[name].min()))
            highs[name] = max(highs[name], float(values[name].max()))
    return {name: (_told(room * lows[name]), _told(room * highs[name])) for name in names}


def _told(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _pictures(folder: Path, names: Sequence[str]) -> Iterator[_Pixels]:
    import cv2

    for name in names:
        pixels = np.asarray(cv2.imread(str(folder / name), cv2.IMREAD_COLOR), np.uint8)[:, :, ::-1]
        shrink = min(1.0, _LARGEST_PX / max(pixels.shape[:2]))
        if shrink < 1:
            pixels = np.asarray(cv2.resize(pixels, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
        for varied in _variations(pixels):
            yield _Pixels(np.ascontiguousarray(np.clip(np.round(varied), 0, 255).astype(np.uint8)))


def _variations(pixels: NDArray[np.uint8]) -> Iterator[NDArray[Any]]:
    """The picture itself, mirrored, turned, in other light, grey, small, blurred."""
    import cv2

    rows, columns = pixels.shape[:2]
    yield pixels
    yield pixels[:, ::-1]
    for degrees in (-20, -10, 10, 20):
        turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), degrees, 1)
        yield cv2.warpAffine(pixels, turn, (columns, rows), borderMode=cv2.BORDER_REPLICATE)
    for light in (0.25, 0.5, 1.6):
        yield pixels * light
    yield 255 * (pixels / 255) ** 0.5
    ramp = np.linspace(0.15, 1.3, columns)[None, :, None]
    yield pixels * ramp
    yield pixels * ramp[:, ::-1]
    yield np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)
    for size in (0.15, 0.3):
        yield cv2.resize(pixels, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
    yield cv2.GaussianBlur(pixels, (0, 0), max(rows, columns) / 400)


def main() -> None:
    """Writes the file to stdout; fetches pack and photographs where they are not at hand."""
    import platformdirs

    from kenbaar.packmaking import fetch_demo_photos, fetch_dlib_pack

    cache = platformdirs.user_cache_path("kenbaar")
    ranges = measure_ranges(fetch_dlib_pack(cache, lambda _: None), fetch_demo_photos(cache, lambda _: None))
    how = (
        "python benchmarks/packs/calibrate.py: what each value reached on the demo's photographs, which are in the "
        "public domain, varied in light, turn, size and sharpness; the detector's half as wide again; four digits"
    )
    parts = ",\n".join(f" {json.dumps(part)}: {{\n{_lines(values)}\n }}" for part, values in ranges.items())
    sys.stdout.write(f'{{\n "how": {json.dumps(how)},\n{parts}\n}}\n')


def _lines(values: Mapping[str, tuple[float, float]]) -> str:
    return ",\n".join(f"  {json.dumps(name)}: [{low!r}, {high!r}]" for name, (low, high) in values.items())


if __name__ == "__main__":
    main()
