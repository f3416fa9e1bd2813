"""A square image cut into squares that do not overlap, and put together again."""

from __future__ import annotations

import torch


def cut(images: torch.Tensor, cuts: int) -> torch.Tensor:
    """Return the patches of images, one image after another and row by row.

    Args:
        images: ``(n, c, S, S)``.
        cuts: Patches along a side, a divisor of S.

    Returns:
        ``(n · cuts², c, S / cuts, S / cuts)``.
    """
    count, channels, side, _ = images.shape
    parts = images.reshape(count, channels, cuts, side // cuts, cuts, side // cuts)
    return parts.permute(0, 2, 4, 1, 3, 5).reshape(count * cuts**2, channels, side // cuts, side // cuts)


def joined(patches: torch.Tensor, cuts: int) -> torch.Tensor:
    """Return the images ``(n, c, S, S)`` that :func:`cut` has cut."""
    count, channels, side, _ = patches.shape
    parts = patches.reshape(count // cuts**2, cuts, cuts, channels, side, side)
    return parts.permute(0, 3, 1, 4, 2, 5).reshape(count // cuts**2, channels, cuts * side, cuts * side)
