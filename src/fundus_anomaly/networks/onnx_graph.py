"""A backbone that the user brings as an ONNX graph with two named outputs, run by onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.checksummed import require_unchanged
from fundus_anomaly.networks.onnx_file import read_model
from fundus_anomaly.networks.strides import STRIDES, fits

# Its sides differ, so that exchanged axes are noticed.
_PROBE = (96, 160)


class OnnxBackbone:
    """Level 2 and level 3 of an ONNX graph; see :class:`.interface.Backbone`.

    A graph runs no code but onnxruntime's own operators and reads no other file. Its operators may ask for any memory,
    though: take graphs from sources that you trust.

    Args:
        weights: The graph; its one input is ``(n, 3, H, W)`` float32 RGB, normalised by ``mean`` and ``std``.
        device: ``"cpu"`` or ``"cuda"`` (taken where onnxruntime was built with it, else the CPU).
        threads: Number of CPU threads.
        outputs: Names of the outputs for level 2 and level 3, each ``(n, c, h, w)``.
        mean: Mean of each RGB channel for values in [0, 1].
        std: Standard deviation of each, likewise.

    Raises:
        InputError: If the file is no such graph.
    """

    def __init__(
        self,
        weights: str | Path,
        *,
        device: str,
        threads: int,
        outputs: Sequence[str],
        mean: Sequence[float],
        std: Sequence[float],
    ):
        require_unchanged(weights)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        providers: list = ["CPUExecutionProvider"]
        if device == "cuda" and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
            # By default it rounds the inputs of products and convolutions to TF32.
            providers.insert(0, ("CUDAExecutionProvider", {"use_tf32": "0"}))
        remedy = "set backbone.weights to an ONNX file, or backbone.name to a built-in network"
        read_model(weights, "an ONNX graph", remedy)
        try:
            self._session = onnxruntime.InferenceSession(str(weights), options, providers=providers)
        except Exception as error:  # onnxruntime's errors share no base class but Exception
            raise InputError(
                Problem(
                    str(weights),
                    f"a file that is not an ONNX graph ({next(iter(str(error).splitlines()), type(error).__name__)})",
                    "an ONNX graph",
                    remedy,
                )
            ) from error
        inputs, names = self._session.get_inputs(), [output.name for output in self._session.get_outputs()]
        missing = [name for name in outputs if name not in names]
        if missing or len(inputs) != 1:
            raise InputError(
                Problem(
                    str(weights),
                    f"inputs {[i.name for i in inputs]} and outputs {names}",
                    f"one input, and the outputs {list(outputs)} of backbone.onnx.outputs",
                    "set backbone.onnx.outputs to the names of the two levels, finer first",
                )
            )
        self._weights, self._input, self._outputs = str(weights), inputs[0].name, list(outputs)
        self._axes_known: bool | None = None
        self._mean = np.asarray(mean, np.float32).reshape(1, 3, 1, 1) * 255
        self._std = np.asarray(std, np.float32).reshape(1, 3, 1, 1) * 255

    def levels(self, photographs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return level 2 and level 3, ``(n, h, w, c)`` float32; see :class:`.interface.Backbone`.

        Raises:
            InputError: If the graph does not run on photographs of this size, or its outputs are not ``(n, c, h, w)``
                with a position for each 8 and each 16 pixels along both axes.
        """
        batch = photographs.cpu().numpy().transpose(0, 3, 1, 2).astype(np.float32)
        if self._axes_known is None:
            self._axes_known = self._probed(len(batch))
        level2, level3 = self._run((batch - self._mean) / self._std)
        self._require_axes((level2, level3), batch.shape)
        return torch.from_numpy(level2).permute(0, 2, 3, 1), torch.from_numpy(level3).permute(0, 2, 3, 1)

    def _run(self, batch: np.ndarray) -> list[np.ndarray]:
        """Return the two outputs of a normalised batch ``(n, 3, H, W)`` float32."""
        try:
            return self._session.run(self._outputs, {self._input: batch})
        except Exception as error:  # onnxruntime's errors share no base class but Exception
            raise InputError(
                Problem(
                    self._weights,
                    f"a graph that does not run on {batch.shape} float32 ({next(iter(str(error).splitlines()), '')})",
                    "a graph with one input (n, 3, H, W) float32 of any n, H and W, and two outputs (n, c, h, w)",
                    "export the graph with dynamic axes and channels first, or set features.batch and "
                    "preprocessing.size to its own",
                )
            ) from error

    def _probed(self, count: int) -> bool:
        """Return whether a photograph that is no square has shown the order of the axes; a graph may not take one.

        Raises:
            InputError: If it has shown another order than ``(n, c, h, w)``.
        """
        shape = (count, 3, *_PROBE)
        try:
            levels = self._run(np.zeros(shape, np.float32))
        except InputError:
            return False
        self._require_axes(levels, shape)
        return True

    def _require_axes(self, levels: Sequence[np.ndarray], batch: tuple[int, ...]) -> None:
        """Raise if the two outputs are not ``(n, c, h, w)`` of the batch ``(n, 3, H, W)``, the finer one first."""
        shapes, pixels = [np.shape(level) for level in levels], batch[2:]
        right = [len(shape) == 4 and shape[0] == batch[0] for shape in shapes]

        def all_fit(axes: slice, strides: tuple[int, int] = STRIDES) -> bool:
            return all(right) and all(
                fits(shape[axes], pixels, stride) for shape, stride in zip(shapes, strides, strict=True)
            )

        last = all_fit(slice(1, 3))
        if all_fit(slice(2, 4)) and (self._axes_known or not last):
            return
        found = f"outputs {self._outputs} of {' and '.join('×'.join(map(str, shape)) for shape in shapes)}"
        allowed = "(n, c, h, w), a position for each 8 pixels and for each 16, the finer level first"
        remedy = "name outputs with strides of 8 and 16 in backbone.onnx.outputs"
        if last:
            found += ", which seem to be channels last (n, h, w, c)"
            remedy = (
                "export the graph with its outputs channels first (tf2onnx: --outputs-as-nchw with their names), or "
                "add a Transpose with perm (0, 3, 1, 2) behind each"
            )
        elif all_fit(slice(2, 4), STRIDES[::-1]):
            remedy = "swap the names in backbone.onnx.outputs"
        found = f"{found} for photographs of {'×'.join(map(str, pixels))} pixels"
        raise InputError(Problem(self._weights, found, allowed, remedy))
