from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from kenbaar.errors import PackBroken
from kenbaar.modelpack._sessions import Network
from kenbaar.packmaking._quantise import folded, needed_ranges, quantised

SIDE = 12


def network(seed: int = 0, *, normalised: bool = False, convolutions: int = 3) -> bytes:
    """A chain of convolutions, each but the last with a Relu; the last with no bias."""
    rng = np.random.default_rng(seed)
    nodes, weights, value, channels = [], [], "image", 3
    for n in range(convolutions):
        last = n == convolutions - 1
        words = [value, f"w{n}"]
        weights.append(numpy_helper.from_array(rng.normal(0, 0.3, (4, channels, 3, 3)).astype(np.float32), f"w{n}"))
        if not last:
            weights.append(numpy_helper.from_array(rng.normal(0, 0.3, 4).astype(np.float32), f"b{n}"))
            words.append(f"b{n}")
        out = "answers" if last else f"conv{n}"
        nodes.append(helper.make_node("Conv", words, [out], kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
        if not last:
            if normalised:
                for name in ("gamma", "beta", "mean"):
                    weights.append(numpy_helper.from_array(rng.normal(1, 0.2, 4).astype(np.float32), f"{name}{n}"))
                weights.append(numpy_helper.from_array(rng.uniform(0.5, 2, 4).astype(np.float32), f"variance{n}"))
                words = [out, *(f"{name}{n}" for name in ("gamma", "beta", "mean", "variance"))]
                nodes.append(helper.make_node("BatchNormalization", words, [f"normal{n}"], epsilon=1e-3))
                out = f"normal{n}"
            nodes.append(helper.make_node("Relu", [out], [f"relu{n}"]))
            value, channels = f"relu{n}", 4
    shapes = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", c, SIDE, SIDE]) for n, c in (("image", 3), ("answers", 4))]  # fmt: skip  # noqa: E501
    graph = helper.make_graph(nodes, "chain", shapes[:1], shapes[1:], weights)
    return bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()
    )


def answers(data: bytes, pictures: np.ndarray) -> np.ndarray:
    return Network(data, "embedder", threads=1).run(pictures, (len(pictures), 4, SIDE, SIDE))[0]


def pictures(count: int = 4, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (count, 3, SIDE, SIDE)).astype(np.float32)


def ranges_of(data: bytes, float_first: int = 0, reach: float = 12.0) -> dict[str, tuple[float, float]]:
    return {
        name: (-1.0, 1.0) if name == "image" else (0.0, reach) for name in needed_ranges(data, float_first=float_first)
    }


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_a_network_in_whole_numbers_answers_nearly_as_before(seed: int) -> None:
    data = network(seed)
    before, after = answers(data, pictures()), answers(quantised(data, ranges_of(data)), pictures())
    assert np.abs(before - after).max() > 0
    assert np.linalg.norm(before - after) < 0.06 * np.linalg.norm(before)


def test_the_same_network_and_ranges_give_the_same_bytes() -> None:
    data = network(normalised=True)
    assert quantised(data, ranges_of(data)) == quantised(data, ranges_of(data))


def test_normalisations_are_worked_into_the_convolutions_and_change_nothing() -> None:
    data = network(normalised=True)
    without = folded(data)
    assert "BatchNormalization" not in {node.op_type for node in onnx.load_from_string(without).graph.node}
    assert np.allclose(answers(data, pictures()), answers(without, pictures()), atol=1e-5)


def test_a_normalisation_that_stands_alone_is_refused() -> None:
    model = onnx.load_from_string(network(normalised=True))
    model.graph.node[1].input[0] = "image"
    with pytest.raises(PackBroken, match="stands alone"):
        folded(model.SerializeToString())


def test_no_weight_uses_more_than_seven_bits_so_that_no_processor_overflows() -> None:
    data = network(3)
    graph = onnx.load_from_string(quantised(data, ranges_of(data))).graph
    whole = [numpy_helper.to_array(t) for t in graph.initializer if t.data_type == TensorProto.INT8]
    kernels = [w for w in whole if w.ndim == 4]
    assert len(kernels) == 3
    assert all(np.abs(k.astype(int)).reshape(len(k), -1).max(axis=1).tolist() == [64] * len(k) for k in kernels)


def test_what_lies_beyond_a_range_is_taken_for_its_end() -> None:
    data = network(convolutions=2)
    narrow = ranges_of(data, reach=1e-3)
    assert np.abs(answers(quantised(data, narrow), pictures())).max() < 0.05
    assert np.abs(answers(data, pictures())).max() > 0.5


def test_the_first_convolutions_stay_as_they_are_where_that_is_asked() -> None:
    data = network()
    assert needed_ranges(data) == ["image", "relu0", "relu1"]
    assert needed_ranges(data, float_first=1) == ["relu0", "relu1"]
    graph = onnx.load_from_string(quantised(data, ranges_of(data, 1), float_first=1)).graph
    first = next(node for node in graph.node if node.op_type == "Conv")
    assert list(first.input) == ["image", "w0", "b0"]
    kept = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    original = {t.name: numpy_helper.to_array(t) for t in onnx.load_from_string(data).graph.initializer}
    assert (kept["w0"] == original["w0"]).all()


def test_a_missing_range_is_refused_by_name() -> None:
    data = network()
    ranges = ranges_of(data)
    del ranges["relu1"]
    with pytest.raises(PackBroken, match="relu1"):
        quantised(data, ranges)
