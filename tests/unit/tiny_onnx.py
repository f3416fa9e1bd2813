"""A few bytes of ONNX, written by hand, for tests of graphs that a user brings."""

from __future__ import annotations


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _part(field: int, data: bytes | str) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])


def _value(name: str, dims: list[int | str]) -> bytes:
    shape = b"".join(_part(1, _part(2, d) if isinstance(d, str) else _number(1, d)) for d in dims)
    return _part(1, name) + _part(2, _part(1, _number(1, 1) + _part(2, shape)))


def mean_pooling_graph(strides: dict[str, int], dims: list[int | str]) -> bytes:
    """Return a graph whose outputs are means over squares of its one input ``image``.

    Args:
        strides: Side of the squares in pixels for each output's name.
        dims: Shape of the input; a text is a free dimension.
    """
    nodes = b""
    for name, stride in strides.items():
        sides = [
            _part(5, _part(1, key) + _number(8, stride) + _number(8, stride) + _number(20, 7))
            for key in ("kernel_shape", "strides")
        ]
        nodes += _part(1, _part(1, "image") + _part(2, name) + _part(4, "AveragePool") + b"".join(sides))
    outputs = b"".join(_part(12, _value(name, ["n", "c", f"h_{name}", f"w_{name}"])) for name in strides)
    graph = nodes + _part(2, "means") + _part(11, _value("image", dims)) + outputs
    return _number(1, 8) + _part(7, graph) + _part(8, _part(1, "") + _number(2, 13))
