"""Reads dlib's metric ResNet (.dat) and writes the same network as ONNX; dlib itself is not needed.

The file format, as found in the file itself: every int is a control byte (low nibble: byte count, 0x80: negative) and
little-endian bytes; a float is an int mantissa and an int exponent of two; a string is its length and its bytes; a bool
is ASCII '1' or '0'; a tensor is the int 2, four dims and raw little-endian float32. After nested version ints and the
input layer, the layers follow from input to output. Tags and skips leave no bytes. The last one must end the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import PackBroken

if TYPE_CHECKING:
    import onnx

_INPUT = b"input_rgb_image_sized"
_LAYERS = 108  # 29 conv + 29 affine + 29 relu + 14 add + 1 max pool + 5 average pools + 1 fc
SIDE_PX = 150
DIM = 128


def _broken() -> PackBroken:
    return PackBroken("The dlib network file is not laid out as expected.", "Fetch the pack again.")


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer as stored. shape: (filters, rows, columns, stride y, stride x, pad y, pad x) where it has a window."""

    kind: str
    shape: tuple[int, ...] = ()
    blob: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise _broken()
        self.at += count
        return self.data[self.at - count : self.at]

    def whole(self) -> int:
        control = self.take(1)[0]
        value = int.from_bytes(self.take(control & 0x0F), "little")
        return -value if control & 0x80 else value

    def wholes(self, count: int) -> tuple[int, ...]:
        return tuple(self.whole() for _ in range(count))

    def floats(self, count: int) -> tuple[float, ...]:
        pairs = [(self.whole(), self.whole()) for _ in range(count)]
        return tuple(float(mantissa) * 2.0**exponent for mantissa, exponent in pairs)

    def text(self) -> str:
        return self.take(self.whole()).decode("ascii", "replace")

    def tensor(self) -> NDArray[np.float32]:
        if self.whole() != 2:
            raise _broken()
        dims = self.wholes(4)
        return np.frombuffer(self.take(4 * int(np.prod(dims))), "<f4")

    def skip_aliases(self) -> None:
        for _ in range(2):  # version 1 and the dims of a part of the blob (weights, biases); we know them by kind
            if self.whole() != 1:
                raise _broken()
            self.wholes(4)


def _read_layer(reader: _Reader) -> _Layer:
    kind = reader.text()
    if kind == "con_4":
        blob, shape = reader.tensor(), reader.wholes(7)
        reader.skip_aliases()
        reader.floats(4)  # learning rates and decays: training only
        layer = _Layer("conv", shape, blob)
    elif kind == "affine_":
        blob = reader.tensor()
        reader.skip_aliases()
        reader.whole()  # mode
        layer = _Layer("affine", (), blob)
    elif kind in ("max_pool_2", "avg_pool_2"):
        layer = _Layer(kind[:3], (0, *reader.wholes(6)))
    elif kind == "fc_2":
        shape, blob = reader.wholes(2), reader.tensor()
        reader.skip_aliases()
        reader.whole()  # mode
        reader.floats(4)
        layer = _Layer("fc", shape, blob)
    elif kind in ("relu_", "add_prev_"):
        layer = _Layer(kind.partition("_")[0])
    else:
        raise _broken()
    if reader.take(3).strip(b"01"):
        raise _broken()
    for _ in range(3):  # gradients and caches, empty in a file made for use
        if reader.tensor().size:
            raise _broken()
    return layer


def _read_layers(data: bytes) -> tuple[tuple[float, ...], list[_Layer]]:
    start = data.find(_INPUT)
    if not 0 <= start < 4096:
        raise _broken()
    reader = _Reader(data)
    reader.take(start + len(_INPUT))
    mean, sizes = reader.floats(3), reader.wholes(2)
    if sizes != (SIDE_PX, SIDE_PX):
        raise _broken()
    layers = [_read_layer(reader)]
    reader.whole()  # only the innermost layer has this: the sample expansion factor
    while reader.at < len(data) and len(layers) < _LAYERS:
        layers.append(_read_layer(reader))
    if reader.at != len(data) or len(layers) != _LAYERS:
        raise _broken()
    return mean, layers


def read_mean(data: bytes) -> tuple[float, ...]:
    """The mean colour (R, G, B) the network subtracts, as stored in the .dat."""
    return _read_layers(data)[0]


class _Graph:
    """The ONNX graph as it grows; the sides and channels of every value are known, so that pads can be computed."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.size: dict[str, tuple[int, int]] = {"chips": (3, SIDE_PX)}  # channels, side

    def weight(self, name: str, values: NDArray[np.float32] | NDArray[np.int64]) -> str:
        from onnx import numpy_helper

        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, op: str, inputs: list[str], size: tuple[int, int], **attributes: list[int]) -> str:
        from onnx import helper

        name = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))  # type: ignore[arg-type]
        self.size[name] = size
        return name

    def grown(self, value: str, channels: int, side: int) -> str:
        """The value zero-padded at the bottom, the right and in channels: how dlib adds operands of unequal size."""
        had_channels, had_side = self.size[value]
        more, extra = channels - had_channels, side - had_side
        if not more and not extra:
            return value
        pads = self.weight(f"pads_{len(self.nodes)}", np.array([0, 0, 0, 0, 0, more, extra, extra], np.int64))
        return self.node("Pad", [value, pads], (channels, side))

    def conv(self, value: str, layer: _Layer, affine: _Layer) -> str:
        filters, rows, columns, stride, _, pad, _ = layer.shape
        channels, side = self.size[value]
        kernel, bias = np.split(layer.blob.astype(np.float64), [filters * channels * rows * columns])
        gamma, beta = np.split(affine.blob.astype(np.float64), 2)  # folded into the convolution before it
        if bias.shape != (filters,) or gamma.shape != (filters,):
            raise _broken()
        folded = (kernel.reshape(filters, -1) * gamma[:, None]).reshape(filters, channels, rows, columns)
        names = [
            self.weight(f"w_{len(self.nodes)}", folded.astype(np.float32)),
            self.weight(f"b_{len(self.nodes)}", (bias * gamma + beta).astype(np.float32)),
        ]
        out = (side + 2 * pad - rows) // stride + 1
        return self.node(
            "Conv",
            [value, *names],
            (filters, out),
            kernel_shape=[rows, columns],
            strides=[stride, stride],
            pads=[pad] * 4,
        )

    def pool(self, op: str, value: str, layer: _Layer) -> str:
        _, rows, columns, stride, _, pad, _ = layer.shape
        channels, side = self.size[value]
        if rows == 0:  # dlib writes "everything" as a window of 0
            return self.node("GlobalAveragePool", [value], (channels, 1))
        if pad:
            raise _broken()
        size = (channels, (side - rows) // stride + 1)
        return self.node(op, [value], size, kernel_shape=[rows, columns], strides=[stride, stride])

    def add(self, one: str, other: str) -> str:
        channels = max(self.size[one][0], self.size[other][0])
        side = max(self.size[one][1], self.size[other][1])
        return self.node("Add", [self.grown(one, channels, side), self.grown(other, channels, side)], (channels, side))


def dlib_to_onnx(data: bytes) -> bytes:
    """The network as an ONNX file: "chips" float32 (N, 3, 150, 150), (RGB - mean) / 256 -> "embeddings" (N, 128).

    Not L2-normalised. Weights unchanged but for the affine layers folded into the convolutions before them.
    Raises PackBroken where the file is not the network we know.
    """
    from onnx import TensorProto, helper

    layers = _read_layers(data)[1]
    graph = _Graph()
    value, block_start, block_end = "chips", "", ""
    for before, layer, after in zip([None, *layers], layers, [*layers[1:], None], strict=False):
        if layer.kind == "conv" and after is not None and after.kind == "affine":
            value = graph.conv(value, layer, after)
        elif layer.kind == "relu":
            value = graph.node("Relu", [value], graph.size[value])
            if before is not None and before.kind == "add":
                block_start = value
        elif layer.kind == "max":
            value = block_start = graph.pool("MaxPool", value, layer)
        elif layer.kind == "avg" and before is not None and before.kind == "affine":
            # A block that halves: the pooled start of the block meets the convolved end of it.
            value, block_end = graph.pool("AveragePool", block_start, layer), value
        elif layer.kind == "avg":
            value = graph.pool("AveragePool", value, layer)
        elif layer.kind == "add":
            value, block_end = graph.add(value, block_end or block_start), ""
        elif layer.kind == "fc":
            outputs, inputs = layer.shape
            flat = graph.node("Flatten", [value], graph.size[value])
            matrix = graph.weight("w_fc", layer.blob.reshape(inputs, outputs))
            graph.nodes.append(helper.make_node("MatMul", [flat, matrix], ["embeddings"], name="fc"))
    chips = helper.make_tensor_value_info("chips", TensorProto.FLOAT, ["n", 3, SIDE_PX, SIDE_PX])
    out = helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["n", DIM])
    whole = helper.make_graph(graph.nodes, "dlib_face_recognition_resnet_model_v1", [chips], [out], graph.weights)
    model = helper.make_model(
        whole, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="kenbaar", producer_version=""
    )
    return bytes(model.SerializeToString(deterministic=True))
