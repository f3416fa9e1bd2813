"""State dicts from other people's files: read without running code, and loaded only if every parameter fits."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import torch

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.checksummed import require_unchanged
from fundus_anomaly.files.torch_file import load


def read_state(weights: str | Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a PyTorch file by name, read with ``weights_only=True``.

    Raises:
        InputError: If the file is no state dict of plain tensors, or unpacks to more than its size.
    """
    require_unchanged(weights)
    try:
        state = load(weights)
        state = state.get("state_dict", state) if isinstance(state, dict) else {}
        tensors = {str(key): value for key, value in state.items() if isinstance(value, torch.Tensor)}
        strange = [key for key, value in tensors.items() if not _is_plain(value)]
        if strange:
            raise ValueError(f"{strange[0]} is sparse, quantised, complex or without values")
    except Exception as error:  # torch raises many kinds for a foreign file; each means the same to the user
        raise InputError(
            Problem(
                str(weights),
                f"a file that is not a plain state dict ({_first_line(error)})",
                "a PyTorch state dict of tensors, readable without unpickling code",
                "get the weights of the backbone's own source (see docs/dependencies.md, Weights)",
            )
        ) from error
    return {key.removeprefix("module."): value for key, value in tensors.items()}


def _is_plain(value: torch.Tensor) -> bool:
    """Return whether a tensor is a block of real numbers in memory."""
    dense = value.layout == torch.strided and value.device.type == "cpu" and not value.is_nested
    return dense and not value.is_quantized and not value.is_complex()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def load_state(
    model: torch.nn.Module,
    state: dict[str, torch.Tensor],
    name: str,
    weights: str | Path,
    fresh: Collection[str] = (),
    *,
    assign: bool = False,
) -> None:
    """Load parameters into a model.

    Args:
        model: The model.
        state: Parameters by the model's own names; those that it does not know are left alone.
        name: The network's name, for the error.
        weights: The file that they come from, for the error.
        fresh: Parameters that keep what they are initialised with.
        assign: Whether the model takes the tensors themselves, as one on torch's device ``meta`` must.

    Raises:
        InputError: If a parameter is missing, has another shape or holds values that are not finite.
    """
    wanted = model.state_dict()
    state = dict(state)
    problems = []
    for key, value in wanted.items():
        if key in fresh:
            state[key] = value
        if key.endswith("num_batches_tracked"):
            state.setdefault(key, torch.zeros_like(value, device="cpu"))
        if key not in state:
            problems.append(f"{key} is missing")
        elif state[key].shape != value.shape:
            problems.append(f"{key} has shape {tuple(state[key].shape)} instead of {tuple(value.shape)}")
        elif not torch.isfinite(state[key].float()).all():
            problems.append(f"{key} holds NaN or infinite values")
    if problems:
        raise InputError(
            Problem(
                str(weights),
                f"{len(problems)} parameters that do not fit, e.g. {'; '.join(problems[:3])}",
                f"the parameters of {name}",
                "name the network of this file in the configuration, or give a file of this network",
            )
        )
    model.load_state_dict({key: state[key].to(value.dtype) for key, value in wanted.items()}, assign=assign)
