"""Whether a network is closed: everything it computes with lies in its own bytes, and it computes the same each time.

ONNX lets a network keep weights in other files (external data), call operators that somebody's library brings, bring
functions of its own, and draw random numbers. Then the digest of its file says little about what it does. This walks
the file's protocol buffers (onnx.proto, IR version 3 to 13) far enough to see all four, and no farther.
"""

from __future__ import annotations

from collections.abc import Iterator

from kenbaar.errors import PackBroken

_DOMAINS = frozenset({"", "ai.onnx"})  # the standard's own operators; ONNX Runtime runs them all by itself
_RANDOM = frozenset(
    {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli"}
)
_DROPOUT_INPUTS = 2  # data and ratio: a third one turns training on, and with it chance
_EXTERNAL = 1  # TensorProto.DataLocation
_DEEPEST = 16  # graphs in graphs; ours have none
_ORT_FORMAT = b"ORTM"  # a flat buffer that the runtime would take as well, and this cannot look into
_MOST_BYTES = 1 << 31  # protocol buffers end there

# Numbers of fields in onnx.proto.
_MODEL = {"opset": 8, "graph": 7, "training": 20, "functions": 25}
_GRAPH = {"node": 1, "initializer": 5, "sparse": 15}
_NODE = {"input": 1, "op_type": 4, "attribute": 5, "domain": 7}
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSE = (5, 10), (6, 11), (22, 23)
_TENSOR = {"external": 13, "location": 14}
_SPARSE_TENSORS = (1, 2)


def require_closed(data: bytes, role: str) -> None:
    """Raises PackBroken where this ONNX file is not closed, or is none. role: whose, for the sentence."""
    try:
        if data[4:8] == _ORT_FORMAT:
            raise ValueError("it is in ONNX Runtime's own format")
        why = next(_model(memoryview(data)), None)
    except (ValueError, UnicodeDecodeError) as err:
        raise PackBroken(f"The pack's {role} is not a network that can be read ({err}).", "Fetch it again.") from err
    if why is not None:
        raise PackBroken(
            f"The pack's {role} {why}: what it does is not all in its file.",
            "Ask its maker for one network in one file, of the standard's operators alone.",
        )


def _model(model: memoryview) -> Iterator[str]:
    if len(model) >= _MOST_BYTES:
        raise ValueError("too large")
    for field, value in _fields(model):
        if field == _MODEL["functions"]:
            yield "brings functions of its own"
        elif field == _MODEL["training"]:
            yield "brings training of its own"
        elif field == _MODEL["opset"]:
            domain = _text(value, 1)
            if domain not in _DOMAINS:
                yield f"needs operators of {domain!r}"
        elif field == _MODEL["graph"]:
            yield from _graph(_bytes(value), 0)


def _graph(graph: memoryview, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        raise ValueError("graphs too deep in each other")
    for field, value in _fields(graph):
        if field == _GRAPH["initializer"]:
            yield from _tensor(_bytes(value))
        elif field == _GRAPH["sparse"]:
            yield from _sparse(_bytes(value))
        elif field == _GRAPH["node"]:
            yield from _node(_bytes(value), depth)


def _node(node: memoryview, depth: int) -> Iterator[str]:
    operator, inputs = "", 0
    for field, value in _fields(node):
        if field == _NODE["domain"]:
            domain = bytes(_bytes(value)).decode()
            if domain not in _DOMAINS:
                yield f"calls operators of {domain!r}"
        elif field == _NODE["op_type"]:
            operator = bytes(_bytes(value)).decode()
        elif field == _NODE["input"]:
            inputs += 1
        elif field == _NODE["attribute"]:
            yield from _attribute(_bytes(value), depth)
    if operator in _RANDOM or (operator == "Dropout" and inputs > _DROPOUT_INPUTS):
        yield f"draws random numbers ({operator})"


def _attribute(attribute: memoryview, depth: int) -> Iterator[str]:
    for field, value in _fields(attribute):
        if field in _ATTRIBUTE_TENSORS:
            yield from _tensor(_bytes(value))
        elif field in _ATTRIBUTE_GRAPHS:
            yield from _graph(_bytes(value), depth + 1)
        elif field in _ATTRIBUTE_SPARSE:
            yield from _sparse(_bytes(value))


def _sparse(sparse: memoryview) -> Iterator[str]:
    for field, value in _fields(sparse):
        if field in _SPARSE_TENSORS:
            yield from _tensor(_bytes(value))


def _tensor(tensor: memoryview) -> Iterator[str]:
    for field, value in _fields(tensor):
        elsewhere = isinstance(value, int) and value & 0xFFFFFFFF == _EXTERNAL  # parsers keep 32 bits of it
        if field == _TENSOR["external"] or (field == _TENSOR["location"] and elsewhere):
            yield "keeps weights in another file"


def _text(value: memoryview | int, wanted: int) -> str:
    """The last text field of that number in a message, "" where there is none."""
    found = ""
    for field, inner in _fields(_bytes(value)):
        if field == wanted:
            found = bytes(_bytes(inner)).decode()
    return found


def _bytes(value: memoryview | int) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number where a message should be")
    return value


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """The fields of a message: number, and bytes or an integer (protobuf encoding: varint, 64 bit, bytes, 32 bit)."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        field, wire = key >> 3, key & 7
        if not field or key >> 32:  # parsers differ in what they make of a longer one
            raise ValueError("a field without number")
        if wire == 0:
            number, at = _varint(message, at)
            yield field, number
        elif wire == 2:
            length, at = _varint(message, at)
            if length > len(message) - at:
                raise ValueError("cut short")
            yield field, message[at : at + length]
            at += length
        elif wire in (1, 5):
            width = 8 if wire == 1 else 4
            if width > len(message) - at:
                raise ValueError("cut short")
            yield field, int.from_bytes(message[at : at + width], "little")
            at += width
        else:  # groups, which onnx.proto has none of
            raise ValueError("an encoding that ONNX does not use")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 70:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value & (1 << 64) - 1, at
    raise ValueError("cut short")
