"""A tiny real pack with known answers, for every room's fast tests: real ONNX files, a few milliseconds a photo.

Its "faces" are markers: a magenta frame (that is what its detector finds) around a pattern of 4 x 4 light and dark
blocks (that is what its embedder embeds). The same identity drawn twice, at any place and size, gives nearly the same
vector; two identities give a cosine of at most about 0.25. They survive JPEG, resizing and moderate blur.

    folder = build_tiny_pack(tmp_path / "tiny")
    pixels = blank_photo(640, 480)
    draw_face(pixels, 60, 80, identity=3)          # top left corner (60, 80), side 64 px
    draw_face(pixels, 300, 80, identity=4)         # leave at least 0.7 of a side (and 32 px) free between two
    faces = load_pack(folder).detect_faces(SimplePhoto(pixels))
    draw_face(pixels, 60, 300, identity=3, mixed_with=4, share=0.5)   # somebody who looks like both
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from kenbaar.modelpack import DetectorSpec, EmbedderSpec, Manifest, OperatingPoint, PackFile, Provenance

SIDE_PX = 64
IDENTITIES = 128
_FRAME = 1 / 8  # the frame's width, as a share of the marker's side
_REACHES_PX = (40, 64, 100, 160, 256)  # how far around a cell frames are weighed: markers of up to 1.4 of it
# As shares of the marker's side; the detector says these for every marker (x, y).
_LANDMARKS = ((0.3, 0.35), (0.7, 0.35), (0.5, 0.55), (0.35, 0.75), (0.65, 0.75))
_BLOCKS = 4


@dataclass(frozen=True, slots=True, eq=False)
class SimplePhoto:
    """What modelpack needs of a photo, without a file: pixels at 1/scale."""

    pixels: NDArray[np.uint8]
    scale: int = 1

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1]) * self.scale

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0]) * self.scale


def blank_photo(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """A photo without faces: a soft green and grey landscape with some grain."""
    return _landscape(width, height, seed).copy()


@functools.lru_cache(maxsize=32)
def _landscape(width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """The same, and the same one again: not to be drawn on."""
    y, x = np.mgrid[:height, :width]
    waves = 110 + 30 * np.sin(x / 37 + seed) + 30 * np.cos(y / 23 + seed)
    grain = np.random.default_rng(seed).normal(0, 4, (height, width))
    grey = waves + grain
    return np.asarray(np.clip(np.stack([grey - 15, grey + 15, grey - 20], axis=2), 0, 255), np.uint8)


@functools.cache
def _codes() -> NDArray[np.float64]:
    """128 words of 16 signs, any two of which differ in at least 6 places (the lexicographic code of distance 6)."""
    words: list[int] = []
    for word in range(1 << 16):
        if all((word ^ other).bit_count() >= 6 for other in words):
            words.append(word)
            if len(words) == IDENTITIES:
                break
    bits = (np.array(words)[:, None] >> np.arange(16)) & 1
    return np.where(bits == 1, 1.0, -1.0)


def face_pixels(
    identity: int, side: int = SIDE_PX, *, mixed_with: int | None = None, share: float = 0.0, light: float = 1.0
) -> NDArray[np.uint8]:
    """One marker, (side, side, 3). share: of mixed_with in the pattern. light: 1 as it should be, 0 pitch dark."""
    code = _codes()[identity]
    if mixed_with is not None:
        code = (1 - share) * code + share * _codes()[mixed_with]
    marker = np.zeros((side, side, 3), np.uint8)
    marker[:] = (255, 0, 255)
    frame = round(side * _FRAME)
    place = np.arange(side - 2 * frame) * _BLOCKS // (side - 2 * frame)
    blocks = (128 + 90 * code.reshape(_BLOCKS, _BLOCKS)) * light
    marker[frame : side - frame, frame : side - frame] = np.round(blocks[place][:, place, None])
    return marker


def draw_face(
    pixels: NDArray[np.uint8],
    x: int,
    y: int,
    identity: int,
    side: int = SIDE_PX,
    *,
    mixed_with: int | None = None,
    share: float = 0.0,
    light: float = 1.0,
) -> None:
    """Draws a marker into the photo, its top left corner at (x, y). Sides of multiples of 32 px come out best."""
    pixels[y : y + side, x : x + side] = face_pixels(identity, side, mixed_with=mixed_with, share=share, light=light)


class _Net:
    """An ONNX graph being written down."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def constant(self, values: object) -> str:
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    def __call__(self, op: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        name = out or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def split(self, channels: str, count: int) -> list[str]:
        """Each channel by itself."""
        names = [f"v{len(self.nodes)}_{n}" for n in range(count)]
        self.nodes.append(helper.make_node("Split", [channels], names, axis=1))
        return names

    def saved(self, inputs: dict[str, list[str | int | None]], outputs: dict[str, list[str | int | None]]) -> bytes:
        def values(shapes: dict[str, list[str | int | None]]) -> list[onnx.ValueInfoProto]:
            return [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]

        graph = helper.make_graph(self.nodes, "tiny", values(inputs), values(outputs), self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        return bytes(model.SerializeToString(deterministic=True))


def _weighed(net: _Net, mask: str, grain: int, reach: int) -> tuple[str, str, str, str]:
    """Per cell of 4 px, from the frame colour in a window of `reach` px each way: score, side, and middle - cell (px).

    mask: the share of frame colour per square of `grain` px. A frame of side s has the weight and the spread (variance
    along x and y) of s and no other; where they disagree there are pieces of frames in the window, or two of them.
    """
    half, stride = reach // grain, 4 // grain
    place = (np.arange(2 * half + stride % 2) - half + (0.5 if stride % 2 == 0 else 0)) * grain
    powers = np.stack([np.ones_like(place), place, place**2])  # moments 0, 1 and 2
    count = len(place)
    before, after = half - stride // 2, half - stride // 2
    kernel_x = net.constant(powers.reshape(3, 1, 1, count))
    rows = net("Conv", mask, kernel_x, pads=[0, before, 0, after], strides=[1, stride])
    kernel_y = np.zeros((6, 3, count, 1))
    for output, (along_x, along_y) in enumerate(((0, 0), (1, 0), (0, 1), (2, 0), (0, 2), (1, 1))):
        kernel_y[output, along_x, :, 0] = powers[along_y]
    sums = net("Conv", rows, net.constant(kernel_y), pads=[before, 0, after, 0], strides=[stride, 1])
    weight, *moments = net.split(sums, 6)
    some = net("Max", weight, net.constant(1e-3))
    middle_x, middle_y, square_x, square_y, product = (net("Div", moment, some) for moment in moments)
    hollow = (1 - 2 * _FRAME) ** 2
    size_squared = net("Mul", some, net.constant(grain * grain / (1 - hollow)))
    spread = net("Mul", size_squared, net.constant((1 + hollow) / 12))
    score = net("Clip", net("Mul", weight, net.constant(grain * grain / 45)), net.constant(0.0), net.constant(1.0))
    side = net("Sqrt", size_squared)
    limits = [(3.0, middle_x), (3.0, middle_y), (1.4 * reach, side)]  # a larger frame may stick out of the window
    for one, other, square, expected in (
        (middle_x, middle_x, square_x, 1.0),
        (middle_y, middle_y, square_y, 1.0),
        (middle_x, middle_y, product, 0.0),  # a frame does not lean; a corner of one does
    ):
        variance = net("Sub", square, net("Mul", one, other))
        ratio = net("Div", variance, net("Max", spread, net.constant(1.0)))
        limits.append((0.25, net("Sub", ratio, net.constant(expected))))
    for tolerated, amount in limits:  # up to this the score stays, then it falls to 0 at 1.2 times this
        falling = net("Mul", net("Sub", net.constant(1.2 * tolerated), net("Abs", amount)), net.constant(5 / tolerated))
        score = net("Mul", score, net("Clip", falling, net.constant(0.0), net.constant(1.0)))
    return score, side, middle_x, middle_y


def tiny_detector() -> bytes:
    """Finds magenta frames of 10 to 350 px as it sees them: weight, middle and spread of their colour tell a box."""
    net = _Net()
    red, green, blue = net.split("image", 3)
    magenta = net("Sub", net("Min", red, blue), green)
    soft = net("Mul", net("Sub", magenta, net.constant(30.0)), net.constant(1 / 195))
    mask = net("Clip", soft, net.constant(0.0), net.constant(1.0))
    coarse = net("AveragePool", mask, kernel_shape=[4, 4], strides=[4, 4])
    score, size, middle_x, middle_y = _weighed(net, mask, 1, _REACHES_PX[0])
    for reach in _REACHES_PX[1:]:
        other = _weighed(net, coarse, 4, reach)
        better = net("Greater", other[0], net("Add", score, net.constant(0.05)))
        score, size, middle_x, middle_y = (
            net("Where", better, new, old) for new, old in zip(other, (score, size, middle_x, middle_y), strict=True)
        )
    log_size = net("Log", net("Mul", net("Max", size, net.constant(1.0)), net.constant(0.25)))
    net("Concat", log_size, log_size, out="scale", axis=1)
    quarter = net.constant(0.25)
    net("Concat", net("Mul", middle_y, quarter), net("Mul", middle_x, quarter), out="offset", axis=1)
    net("Mul", score, net.constant(0.9), out="heatmap")
    places = net.constant(np.array(_LANDMARKS)[:, ::-1].reshape(1, 10, 1, 1))
    net("Add", net("Mul", score, net.constant(0.0)), places, out="landmarks")
    grid: list[str | int | None] = ["n", "c", "rows_4", "columns_4"]
    outputs = dict.fromkeys(("heatmap", "scale", "offset", "landmarks"), grid)
    return net.saved({"image": ["n", 3, "rows", "columns"]}, outputs)


def tiny_embedder(dim: int, size: int, seed: int) -> bytes:
    """The means of the 4 x 4 blocks inside the frame, as light (+1) or dark (-1), through a fixed matrix."""
    net = _Net()
    frame = round(size * _FRAME)
    inside = size - 2 * frame
    block = inside // _BLOCKS
    middle = net("Slice", "chips", *(_ints(net, v) for v in ([frame, frame], [size - frame, size - frame], [2, 3])))
    grey = net("ReduceMean", middle, axes=[1], keepdims=1)
    blocks = net("AveragePool", grey, kernel_shape=[block, block], strides=[block, block])
    flat = net("Flatten", blocks)
    # Orthonormal rows keep the cosines; for fewer dimensions than blocks a random projection keeps them roughly.
    square = np.linalg.qr(np.random.default_rng(seed).normal(size=(max(dim, 16), max(dim, 16))))[0]
    net("MatMul", flat, net.constant(square[:16, :dim]), out="embeddings")
    return net.saved({"chips": ["n", 3, size, size]}, {"embeddings": ["n", dim]})


def _ints(net: _Net, values: list[int]) -> str:
    name = f"i{len(net.weights)}"
    net.weights.append(numpy_helper.from_array(np.array(values, np.int64), name))
    return name


def tiny_manifest(
    detector: bytes,
    embedder: bytes,
    *,
    dim: int = 16,
    size: int = 32,
    mirrored: bool = False,
    name: str = "tiny",
    version: str = "1",
) -> Manifest:
    """The manifest that goes with these two files."""
    return Manifest(
        format="kenbaar-pack/1",
        name=name,
        version=version,
        detector=DetectorSpec(
            file=PackFile("detector.onnx", hashlib.sha256(detector).hexdigest()),
            decode="centerface",
            colour="RGB",
            mean=(0.0, 0.0, 0.0),
            scale=1.0,
            long_side=640,
            min_score=0.5,
            max_iou=0.3,
        ),
        embedder=EmbedderSpec(
            file=PackFile("embedder.onnx", hashlib.sha256(embedder).hexdigest()),
            colour="BGR",
            mean=(128.0, 128.0, 128.0),
            scale=1 / 90,
            width=size,
            height=size,
            points=tuple((x * size, y * size) for x, y in _LANDMARKS),
            dim=dim,
            mirrored=mirrored,
        ),
        operating_point=OperatingPoint(
            accept=0.7, strong=0.9, margin=0.05, fpir=0.001, n=20, per_decade=0.02, conditions="Drawn markers."
        ),
        provenance=(
            Provenance(
                part="detector and embedder",
                title="tiny",
                author="Kenbaar's tests",
                licence="Apache-2.0",
                source="written down in tests/modelpack/tiny_pack.py",
                source_sha256="",
                training_data="none: the answers were made up",
                changes="none",
            ),
        ),
        measured=(),
        notice="No person's picture was used for this pack.",
    )


def write_pack(folder: Path, manifest: Manifest, detector: bytes, embedder: bytes) -> Path:
    """The pack's folder, written."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / manifest.detector.file.name).write_bytes(detector)
    (folder / manifest.embedder.file.name).write_bytes(embedder)
    (folder / "manifest.json").write_text(manifest.text(), encoding="utf-8")
    return folder


def build_tiny_pack(folder: Path, *, dim: int = 16, size: int = 32, seed: int = 0, mirrored: bool = False) -> Path:
    """A tiny pack in this folder. dim: at least 8. size: the chip's side, n times 16. Other seed, other version."""
    detector, embedder = tiny_detector(), tiny_embedder(dim, size, seed)
    manifest = tiny_manifest(detector, embedder, dim=dim, size=size, mirrored=mirrored, version=str(seed + 1))
    return write_pack(folder, manifest, detector, embedder)
