"""A pack's networks are closed: one file, the standard's operators, no functions, no chance."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from kenbaar.errors import PackBroken
from kenbaar.modelpack._closed import require_closed
from kenbaar.modelpack._sessions import Network

_FLOAT = TensorProto.FLOAT


def model(nodes: list[onnx.NodeProto], *initializers: TensorProto, domains: tuple[str, ...] = ("",)) -> ModelProto:
    """A network from x to y, float (n, 3)."""
    put, out = (helper.make_tensor_value_info(name, _FLOAT, ["n", 3]) for name in ("x", "y"))
    graph = helper.make_graph(nodes, "g", [put], [out], list(initializers))
    imports = [helper.make_opsetid(domain, 13) for domain in domains]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def weights(name: str = "w") -> TensorProto:
    return numpy_helper.from_array(np.ones(3, np.float32), name)


def outside(tensor: TensorProto, file: str = "weights.bin") -> TensorProto:
    """The same weights, kept in another file."""
    onnx.external_data_helper.set_external_data(tensor, file, length=12)
    tensor.ClearField("raw_data")
    return tensor


def add_weights(*extra: TensorProto) -> ModelProto:
    return model([helper.make_node("Add", ["x", "w"], ["y"])], *extra)


def external() -> ModelProto:
    return add_weights(outside(weights()))


def external_in_an_attribute() -> ModelProto:
    constant = helper.make_node("Constant", [], ["w"], value=outside(weights()))
    return model([constant, helper.make_node("Add", ["x", "w"], ["y"])])


def external_in_a_branch() -> ModelProto:
    out = helper.make_tensor_value_info("b", _FLOAT, ["n", 3])
    node = helper.make_node("Add", ["x", "w"], ["b"])
    branch = helper.make_graph([node], "branch", [], [out], [outside(weights())])
    flag = numpy_helper.from_array(np.array(True), "flag")
    chosen = helper.make_node("If", ["flag"], ["y"], then_branch=branch, else_branch=branch)
    return model([chosen], flag)


def external_in_a_sparse_weight() -> ModelProto:
    made = add_weights(weights())
    sparse = helper.make_sparse_tensor(outside(weights("s")), numpy_helper.from_array(np.arange(3), "i"), [3])
    made.graph.sparse_initializer.append(sparse)
    return made


def foreign_operator() -> ModelProto:
    return model([helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft")], domains=("", "com.microsoft"))


def foreign_import() -> ModelProto:
    return model([helper.make_node("Identity", ["x"], ["y"])], domains=("", "org.somebody"))


def function() -> ModelProto:
    made = model([helper.make_node("Mine", ["x"], ["y"], domain="ai.onnx")], domains=("", "ai.onnx"))
    body = [helper.make_node("Identity", ["a"], ["b"])]
    made.functions.append(helper.make_function("ai.onnx", "Mine", ["a"], ["b"], body, [helper.make_opsetid("", 13)]))
    return made


def chance() -> ModelProto:
    noise = helper.make_node("RandomNormalLike", ["x"], ["r"])
    return model([noise, helper.make_node("Add", ["x", "r"], ["y"])])


def chance_in_training() -> ModelProto:
    half, on = numpy_helper.from_array(np.array(0.5, np.float32), "half"), numpy_helper.from_array(np.array(True), "on")
    return model([helper.make_node("Dropout", ["x", "half", "on"], ["y"])], half, on)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (external, "another file"),
        (external_in_an_attribute, "another file"),
        (external_in_a_branch, "another file"),
        (external_in_a_sparse_weight, "another file"),
        (foreign_operator, "com.microsoft"),
        (foreign_import, "org.somebody"),
        (function, "functions"),
        (chance, "random"),
        (chance_in_training, "random"),
    ],
)
def test_a_network_that_is_not_closed_is_refused(make: Callable[[], ModelProto], why: str) -> None:
    with pytest.raises(PackBroken, match=why):
        Network(make().SerializeToString(), "embedder", threads=1)


def test_weights_in_the_working_folder_are_never_read(tmp_path: Path) -> None:
    """The fault that was seen: the same bytes gave other answers, by a file that lay where one worked."""
    data = external().SerializeToString()
    (tmp_path / "weights.bin").write_bytes(np.full(3, 7, np.float32).tobytes())
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        with pytest.raises(PackBroken, match="another file"):
            Network(data, "embedder", threads=1)
    finally:
        os.chdir(before)


def test_a_location_that_parsers_read_differently_is_external() -> None:
    tensor = weights().SerializeToString() + bytes([14 << 3, 0x81, 0x80, 0x80, 0x80, 0x10])  # 2^32 + 1: 1 in 32 bits
    graph = b"\x2a" + bytes([len(tensor)]) + tensor
    with pytest.raises(PackBroken, match="another file"):
        require_closed(b"\x3a" + bytes([len(graph)]) + graph, "embedder")


@pytest.mark.parametrize(
    "data", [b"\xff", b"\x3a\xff", b"\x0b", b"\x00\x00", b"\x1c\x00\x00\x00ORTM", b"\xf8\x80\x80\x80\x80\x10"]
)
def test_what_is_no_network_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(PackBroken):
        require_closed(data, "detector")


def test_a_closed_network_runs() -> None:
    network = Network(add_weights(weights()).SerializeToString(), "embedder", threads=1)
    (found,) = network.run(np.zeros((2, 3), np.float32), (2, 3))
    assert (found == 1).all()
