"""ONNX files from outside, read without opening any other file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onnx

from fundus_anomaly.errors import InputError, Problem

# Protobuf reads no more than 2 GB. Oxford's VGG16 has 0.06 GB without its fully connected layers, 0.55 GB with them.
MAX_BYTES = 700_000_000


def read_model(path: str | Path, allowed: str, remedy: str) -> onnx.ModelProto:
    """Return the model of an ONNX file.

    Args:
        path: The file.
        allowed: What is allowed there, for the error.
        remedy: What the user can do, for the error.

    Raises:
        InputError: If the file is too large, no ONNX model, or one that keeps values in other files, whose paths might
            lead anywhere.
    """
    try:
        size = Path(path).stat().st_size
        if size > MAX_BYTES:
            raise InputError(Problem(str(path), f"{size:,} bytes", f"at most {MAX_BYTES:,}; {allowed}", remedy))
        model = onnx.load(path, load_external_data=False)
        outside = next(
            (tensor.name for tensor in _tensors(model) if tensor.data_location or tensor.external_data), None
        )
    except InputError:
        raise
    except Exception as error:  # protobuf raises many kinds for a foreign file
        raise InputError(
            Problem(str(path), f"an unreadable graph ({type(error).__name__})", allowed, remedy)
        ) from error
    if outside is not None:
        found = f"values in another file, e.g. those of {outside!r}"
        raise InputError(Problem(str(path), found, f"all values in this file; {allowed}", remedy))
    return model


def _tensors(message: object) -> Iterator[onnx.TensorProto]:
    """Yield every tensor in a message, in whatever node, sub-graph or function it lies."""
    waiting = [message]
    while waiting:
        message = waiting.pop()
        if isinstance(message, onnx.TensorProto):
            yield message
            continue
        for field, value in message.ListFields():
            if field.message_type is not None:
                waiting += list(value) if _is_many(value) else [value]


def _is_many(value: object) -> bool:
    return not hasattr(value, "ListFields")
