"""The default's embedder, rewritten: on a small network of the same kind, and on the published one."""

from __future__ import annotations

import hashlib

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from kenbaar.errors import PackBroken
from kenbaar.packmaking import _mobilefacenet
from kenbaar.packmaking._default import MOBILEFACENET_SHA256, convert_embedder
from kenbaar.packmaking._mobilefacenet import DIM, SIDE_PX, fast_mobilefacenet


def small_network(seed: int, *, wide: int, dead: int) -> bytes:
    """Narrow, wide, channel by channel, narrow, and so on to 512: what the published file is made of, dead channels,
    denormal weights, slopes below 0 and above 1 and all. One batch, as published."""
    rng = np.random.default_rng(seed)
    nodes, tensors = [], []

    def tensor(name: str, values: np.ndarray) -> str:
        tensors.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def convolution(value: str, name: str, out: int, into: int, size: int, stride: int, pad: int, group: int) -> str:
        weight = rng.normal(0, (into // group * size * size) ** -0.5, (out, into // group, size, size))
        weight.ravel()[:: 3 + seed % 5] = 1e-39
        bias = rng.normal(0, 0.3, out)
        if name.startswith("widen"):
            weight[:dead], bias[:dead] = 0, 0
        names = [tensor(f"{name}_w", weight), tensor(f"{name}_b", bias)]
        window, steps, edges = [size] * 2, [stride] * 2, [pad] * 4
        nodes.append(
            helper.make_node(
                "Conv", [value, *names], [name], kernel_shape=window, strides=steps, pads=edges, group=group
            )
        )
        return name

    def sloped(value: str, channels: int) -> str:
        slope = rng.uniform(-0.6, 0.8, (channels, 1, 1))
        slope[-1] = rng.choice([0.5, 1.3])
        nodes.append(helper.make_node("PRelu", [value, tensor(f"{value}_s", slope)], [f"{value}_p"]))
        return f"{value}_p"

    value = sloped(convolution("input", "first", 8, 3, 7, 7, 0, 1), 8)
    for block in range(16):
        start = value
        value = sloped(convolution(value, f"widen{block}", wide, 8, 1, 1, 0, 1), wide)
        value = sloped(convolution(value, f"deep{block}", wide, wide, 3, 1, 1, wide), wide)
        value = convolution(value, f"narrow{block}", 8, wide, 1, 1, 0, 1)
        if block % 2:
            nodes.append(helper.make_node("Add", [start, value], [f"sum{block}"]))
            value = f"sum{block}"
    value = convolution(value, "last", DIM, 8, 16, 16, 0, 1)
    nodes.append(helper.make_node("Reshape", [value, "shape"], ["output"]))
    tensors.append(numpy_helper.from_array(np.array([1, DIM]), "shape"))
    fed = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, SIDE_PX, SIDE_PX])
    out = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, DIM])
    graph = helper.make_graph(nodes, "small", [fed], [out], tensors)
    return bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=7).SerializeToString())


def answers(network: bytes, chips: np.ndarray, *, one_by_one: bool) -> np.ndarray:
    session = ort.InferenceSession(network, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    if one_by_one:
        return np.concatenate([session.run(None, {name: chip[None]})[0] for chip in chips])
    return np.asarray(session.run(None, {name: chips})[0])


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), wide=st.sampled_from([16, 24]), dead=st.integers(0, 16))
def test_the_rewritten_network_answers_as_the_published_one_did(seed: int, wide: int, dead: int) -> None:
    network = small_network(seed, wide=wide, dead=min(dead, wide - 1))
    chips = np.random.default_rng(seed).normal(0, 0.5, (3, 3, SIDE_PX, SIDE_PX)).astype(np.float32)
    before = answers(network, chips, one_by_one=True)
    after = answers(fast_mobilefacenet(network), chips, one_by_one=False)
    assert np.abs(after - before).max() <= 2e-6 * np.abs(before).max()


def test_dead_channels_are_gone_down_to_a_multiple_of_eight_and_no_denormal_is_left() -> None:
    graph = onnx.load_from_string(fast_mobilefacenet(small_network(3, wide=24, dead=11))).graph
    weights = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    assert {len(weights[n]) for n in weights if n.startswith("conv_") and n.endswith("_w")} == {8, 16, DIM}
    for values in weights.values():
        assert not ((values != 0) & (np.abs(values) < _mobilefacenet._DENORMAL)).any()
    assert {node.op_type for node in graph.node} == {"Conv", "Relu", "Add", "Reshape"}


def test_the_same_network_gives_the_same_bytes() -> None:
    network = small_network(5, wide=16, dead=3)
    assert fast_mobilefacenet(network) == fast_mobilefacenet(network)


@pytest.mark.parametrize("data", [b"", b"no network", bytes(range(256)) * 30])
def test_what_is_no_network_is_refused(data: bytes) -> None:
    with pytest.raises(PackBroken, match="laid out"):
        fast_mobilefacenet(data)


@pytest.mark.parametrize("op", ["Conv", "PRelu", "Add", "Reshape"])
def test_a_network_that_is_built_otherwise_is_refused(op: str) -> None:
    model = onnx.load_from_string(small_network(1, wide=16, dead=0))
    next(node for node in model.graph.node if node.op_type == op).op_type = "Sigmoid"
    with pytest.raises(PackBroken, match="laid out"):
        fast_mobilefacenet(model.SerializeToString())


def test_other_weights_of_the_same_network_are_refused() -> None:
    network = small_network(1, wide=16, dead=0)
    assert hashlib.sha256(network).hexdigest() != MOBILEFACENET_SHA256
    with pytest.raises(PackBroken, match="not the ones"):
        convert_embedder(network)
