"""What every backbone offers, and the one function that loads one."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import torch

from fundus_anomaly.errors import InputError, Problem


class Backbone(Protocol):
    """A frozen network φ that gives the levels f₂ and f₃ (ReSAD, Sec. 3.1, eq. 1)."""

    def levels(self, photographs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return level 2 and level 3 of a batch.

        Args:
            photographs: ``(n, H, W, 3)`` uint8 RGB on any device.

        Returns:
            ``(n, H/8, W/8, c2)`` and ``(n, H/16, W/16, c3)`` float32 on the backbone's device.
        """
        ...


def load(name: str, weights: str | Path, *, device: str, precision: str, threads: int, onnx: dict) -> Backbone:
    """Return a backbone with its weights.

    Args:
        name: ``efficientnet_lite0``, ``wide_resnet50_2``, ``resnet18``, ``resnet34``, ``resnet50`` or ``onnx``.
        weights: The file of weights; a state dict, or the graph for ``onnx``.
        device: ``"cpu"`` or ``"cuda"``.
        precision: ``"float32"`` or ``"bfloat16"`` (autocast; torch networks only).
        threads: Number of CPU threads for ``onnx``.
        onnx: For ``onnx``: ``outputs`` (names of level 2 and 3), ``mean`` and ``std`` (three each, for values in
            [0, 1]).

    Raises:
        InputError: If the weights do not fit the network.
    """
    if name == "onnx":
        from fundus_anomaly.networks.onnx_graph import OnnxBackbone

        return OnnxBackbone(weights, device=device, threads=threads, **onnx)
    from fundus_anomaly.networks.timm_network import NETWORKS, TimmBackbone

    if name not in NETWORKS:
        raise InputError(
            Problem(
                "config, backbone.name",
                repr(name),
                f"one of {', '.join([*NETWORKS, 'onnx'])}",
                "choose one of these",
            )
        )
    return TimmBackbone(name, weights, device=device, precision=precision)
