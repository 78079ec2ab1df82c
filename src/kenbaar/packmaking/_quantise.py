"""A network in whole numbers: its convolutions computed with 8 bits, which takes about half the time.

Static, in the QDQ form of ONNX (QuantizeLinear, DequantizeLinear around what is quantised; ONNX Runtime then runs the
convolution between them on integers). Activations are unsigned, with one scale each, from ranges measured beforehand;
weights are signed, with a scale for each output channel, and use 7 of their 8 bits: where a processor adds two products
of 8 bits in 16 (AVX2), more would overflow. Nothing here depends on the machine: the same network and the same ranges
give the same bytes (decision 0022).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import PackBroken
from kenbaar.text import read_json

if TYPE_CHECKING:
    import onnx

Ranges = Mapping[str, tuple[float, float]]
_WEIGHT_LIMIT = 64  # 255 * 64 * 2 fits into 16 bits
_OPSET = 13  # the first with a scale for each channel


def read_ranges(file: str) -> dict[str, Ranges]:
    """The ranges measured by benchmarks/packs/calibrate.py, by part ("detector", "embedder") and name."""
    told = read_json((files("kenbaar.packmaking") / file).read_text("utf-8"))
    return {
        part: {name: (float(low), float(high)) for name, (low, high) in told[part].items()}
        for part in ("detector", "embedder")
    }


def folded(network: bytes) -> bytes:
    """The same network, its batch normalisations worked into the (transposed) convolutions before them.

    Raises PackBroken where one follows anything else.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(network)
    graph = model.graph
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    makers = {node.output[0]: node for node in graph.node}
    kept = []
    for node in graph.node:
        if node.op_type != "BatchNormalization":
            kept.append(node)
            continue
        before = makers.get(node.input[0])
        if before is None or before.op_type not in ("Conv", "ConvTranspose"):
            raise PackBroken("This network cannot be quantised: a normalisation stands alone.", "Use it as it is.")
        gamma, beta, mean, variance = (weights[name].astype(np.float64) for name in node.input[1:5])
        factor = gamma / np.sqrt(variance + _attribute(node, "epsilon", 1e-5))
        kernel = before.input[1]
        across = (1, -1, 1, 1) if before.op_type == "ConvTranspose" else (-1, 1, 1, 1)
        weights[kernel] = (weights[kernel].astype(np.float64) * factor.reshape(across)).astype(np.float32)
        bias = weights[before.input[2]].astype(np.float64) if len(before.input) > 2 else np.zeros(1)
        weights[f"{kernel}_bias"] = ((bias - mean) * factor + beta).astype(np.float32)
        before.input[:] = [before.input[0], kernel, f"{kernel}_bias"]
        before.output[0] = node.output[0]
    return _saved(graph, kept, {name: numpy_helper.from_array(value, name) for name, value in weights.items()})


def quantised(network: bytes, ranges: Ranges, *, float_first: int = 0) -> bytes:
    """The network with its convolutions in whole numbers, but for the first `float_first` of them.

    ranges: for every name in needed_ranges() the smallest and the largest value to be told apart; what lies beyond is
    taken for the nearest of them. Raises PackBroken where one is missing.
    """
    import onnx
    from onnx import helper, numpy_helper

    source = onnx.load_from_string(folded(network))
    weights = {tensor.name: tensor for tensor in source.graph.initializer}
    chosen = _chosen(source, float_first)
    places = _places(source, chosen)
    missing = [name for name in places if name not in ranges]
    if missing:
        raise PackBroken(f"No range is known for {missing[0]}.", "Measure the ranges of this very network.")
    nodes: list[onnx.NodeProto] = []
    kept = dict(weights)
    instead: dict[str, str] = {}

    def constant(name: str, value: NDArray[Any]) -> str:
        kept[name] = numpy_helper.from_array(value, name)
        return name

    def dequantised(name: str, whole: NDArray[Any], scale: NDArray[np.float32]) -> str:
        words = [constant(f"{name}_whole", whole), constant(f"{name}_scale", scale)]
        words.append(constant(f"{name}_zero", np.zeros(len(scale), whole.dtype)))
        nodes.append(helper.make_node("DequantizeLinear", words, [f"{name}_back"], name=f"{name}_back", axis=0))
        return f"{name}_back"

    def rounded(name: str) -> None:
        if name in places:
            scale, zero = _scale_and_zero(*ranges[name])
            words = [constant(f"{name}_scale", np.asarray(scale)), constant(f"{name}_zero", np.asarray(zero))]
            nodes.append(helper.make_node("QuantizeLinear", [name, *words], [f"{name}_whole"], name=f"{name}_whole"))
            words = [f"{name}_whole", *words]
            nodes.append(helper.make_node("DequantizeLinear", words, [f"{name}_back"], name=f"{name}_back"))
            instead[name] = f"{name}_back"

    rounded(source.graph.input[0].name)
    for node in source.graph.node:
        after = onnx.NodeProto()
        after.CopyFrom(node)
        after.input[:] = [instead.get(name, name) for name in node.input]
        if node.output[0] in chosen:
            kernel = numpy_helper.to_array(weights[node.input[1]]).astype(np.float64)
            largest = np.abs(kernel).reshape(len(kernel), -1).max(axis=1)
            scale = np.where(largest > 0, largest / _WEIGHT_LIMIT, 1.0).astype(np.float32)
            whole = np.round(kernel / scale.astype(np.float64).reshape(-1, 1, 1, 1))
            whole = np.clip(whole, -_WEIGHT_LIMIT, _WEIGHT_LIMIT).astype(np.int8)
            after.input[1] = dequantised(node.input[1], whole, scale)
            if len(node.input) > 2:
                fine = (_scale_and_zero(*ranges[node.input[0]])[0] * scale).astype(np.float32)
                bias = np.round(numpy_helper.to_array(weights[node.input[2]]).astype(np.float64) / fine)
                bias = np.clip(bias, -(2**31) + 1, 2**31 - 1).astype(np.int32)
                after.input[2] = dequantised(node.input[2], bias, fine)
        nodes.append(after)
        for name in node.output:
            rounded(name)
    return _saved(source.graph, nodes, kept)


def needed_ranges(network: bytes, *, float_first: int = 0) -> list[str]:
    """The names of the values whose ranges quantised() asks for, in the order they are computed."""
    import onnx

    source = onnx.load_from_string(folded(network))
    places = _places(source, _chosen(source, float_first))
    every = [source.graph.input[0].name, *(name for node in source.graph.node for name in node.output)]
    return [name for name in every if name in places]


def _chosen(model: onnx.ModelProto, float_first: int) -> set[str]:
    """The outputs of the convolutions that are quantised."""
    return {node.output[0] for node in [n for n in model.graph.node if n.op_type == "Conv"][float_first:]}


def _places(model: onnx.ModelProto, chosen: set[str]) -> set[str]:
    """The values that are rounded: what goes into a chosen convolution and what comes out of it, after its Relu."""
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    places: set[str] = set()
    for node in model.graph.node:
        if node.output[0] in chosen:
            into = readers.get(node.output[0], [])
            only_relu = len(into) == 1 and into[0].op_type == "Relu"
            places |= {node.input[0], into[0].output[0] if only_relu else node.output[0]}
    return places - {value.name for value in model.graph.output}


def _scale_and_zero(low: float, high: float) -> tuple[np.float32, np.uint8]:
    """The step between two of 256 values that span the range and 0, and which of them stands for 0."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = np.float32((high - low) / 255) if high > low else np.float32(1)
    return scale, np.uint8(np.clip(np.round(-low / float(scale)), 0, 255))


def _attribute(node: onnx.NodeProto, name: str, default: float) -> float:
    return next((float(a.f) for a in node.attribute if a.name == name), default)


def _saved(graph: onnx.GraphProto, nodes: list[onnx.NodeProto], weights: Mapping[str, onnx.TensorProto]) -> bytes:
    """A network of these nodes, with the inputs and outputs of that graph and the weights that are still used."""
    from onnx import helper

    used = {name for node in nodes for name in node.input}
    kept = [tensor for name, tensor in weights.items() if name in used]
    whole = helper.make_graph(nodes, "kenbaar", list(graph.input), list(graph.output), kept)
    model = helper.make_model(
        whole,
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=8,
        producer_name="kenbaar",
        producer_version="",
    )
    return bytes(model.SerializeToString(deterministic=True))
