"""DRAEM's losses: structural similarity of the reconstruction, focal loss of the segmentation."""

from __future__ import annotations

import torch
from torch import nn

_WINDOW, _SIGMA = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2
_GAMMA, _SMOOTH = 2, 1e-5


def ssim(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Return the mean structural similarity of images (Wang et al. 2004, eq. 13), a Gaussian window of 11 pixels.

    Args:
        one: ``(n, c, H, W)`` float, values between 0 and 1.
        other: Likewise.
    """
    means = _smoothed(one), _smoothed(other)
    product = means[0] * means[1]
    squares = means[0].square(), means[1].square()
    variances = _smoothed(one * one) - squares[0] + _smoothed(other * other) - squares[1]
    covariance = _smoothed(one * other) - product
    luminance = (2 * product + _C1) / (squares[0] + squares[1] + _C1)
    return (luminance * (2 * covariance + _C2) / (variances + _C2)).mean()


def _smoothed(images: torch.Tensor) -> torch.Tensor:
    places = torch.arange(_WINDOW, dtype=images.dtype, device=images.device) - _WINDOW // 2
    weights = torch.exp(-(places**2) / (2 * _SIGMA**2))
    weights = (weights / weights.sum()).expand(images.shape[1], 1, 1, -1)
    # One direction after the other: the window is a product of two.
    across = nn.functional.conv2d(images, weights, padding=(0, _WINDOW // 2), groups=images.shape[1])
    return nn.functional.conv2d(across, weights.mT, padding=(_WINDOW // 2, 0), groups=images.shape[1])


def focal_loss(probabilities: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Return the mean of −(1 − p)² log p (Lin et al. 2017, γ = 2, α = 1), p the probability of the wanted class.

    Args:
        probabilities: ``(n, 2, H, W)`` float, that of normal and of abnormal.
        wanted: ``(n, H, W)`` bool, where it is abnormal.
    """
    # Smoothed as in the authors' code, so that no logarithm is of 0.
    share = torch.where(wanted, 1 - _SMOOTH, _SMOOTH)
    of_wanted = share * probabilities[:, 1] + (1 - share) * probabilities[:, 0] + _SMOOTH
    return -((1 - of_wanted) ** _GAMMA * of_wanted.log()).mean()
