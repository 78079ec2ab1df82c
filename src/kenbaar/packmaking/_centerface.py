"""CenterFace as it is published, made to take photos of any size."""

from __future__ import annotations

from kenbaar.errors import PackBroken
from kenbaar.modelpack._centerface import GRID_PX

_NAMES = {"537": "heatmap", "538": "scale", "539": "offset", "540": "landmarks", "input.1": "image"}


def symbolic_centerface(data: bytes) -> bytes:
    """The same network for any batch and any sides that are multiples of 32, with words for names.

    The published file is fixed to 10 x 3 x 32 x 32, and lists its weights among its inputs, which keeps the runtime
    from folding them. Raises PackBroken where the file is not the one we know.
    """
    import onnx

    model = onnx.load_from_string(data)
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    if [value.name for value in inputs] != ["input.1"] or [value.name for value in graph.output] != list(_NAMES)[:4]:
        raise PackBroken("The CenterFace file is not laid out as expected.", "Fetch the pack again.")
    del graph.input[:]
    graph.input.extend(inputs)
    for value, divisor in [(inputs[0], 1), *((value, GRID_PX) for value in graph.output)]:
        dims = graph.input[0].type.tensor_type.shape.dim if divisor == 1 else value.type.tensor_type.shape.dim
        for dim, name in zip((dims[0], dims[2], dims[3]), ("n", f"rows_{divisor}", f"columns_{divisor}"), strict=True):
            dim.dim_param = name
    for node in graph.node:
        node.input[:] = [_NAMES.get(name, name) for name in node.input]
        node.output[:] = [_NAMES.get(name, name) for name in node.output]
    for value in [*graph.input, *graph.output]:
        value.name = _NAMES[value.name]
    return bytes(model.SerializeToString(deterministic=True))
