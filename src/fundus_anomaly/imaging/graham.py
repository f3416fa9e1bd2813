"""Graham's step: subtract the local average, so that cameras look alike."""

from __future__ import annotations

import cv2
import numpy as np

# The average is so smooth that a copy of this many pixels a side is enough; larger images are averaged on such a copy.
_LARGEST_SIDE = 1024


def subtract_local_average(photograph: np.ndarray, field_of_view: np.ndarray) -> np.ndarray:
    """Return ``4·I − 4·Gaussian(I, σ) + 128`` with σ = a thirtieth of the image's side, 128 outside the retina.

    The average is taken over the field of view alone, so that its border is not darkened by the black around it.

    Args:
        photograph: ``(H, W, 3)`` uint8 RGB.
        field_of_view: ``(H, W)`` bool.

    Returns:
        ``(H, W, 3)`` uint8.

    References:
        B. Graham, Kaggle diabetic retinopathy detection competition report, 2015.
    """
    inside = field_of_view.astype(np.float32)
    image = photograph.astype(np.float32) * inside[..., None]
    contrast = 4 * (image - _local_average(image, inside)) + 128
    return np.where(field_of_view[..., None], contrast.round().clip(0, 255), 128).astype(np.uint8)


def _local_average(image: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the Gaussian average of ``(H, W, 3)`` float32 over what is inside, ``(H, W)`` float32."""
    side = max(inside.shape)
    if side > _LARGEST_SIDE:
        shrunk = [max(1, round(length * _LARGEST_SIDE / side)) for length in inside.shape[::-1]]
        image, smaller = (cv2.resize(part, shrunk, interpolation=cv2.INTER_AREA) for part in (image, inside))
        average = _local_average(image, smaller)
        return cv2.resize(average, inside.shape[::-1], interpolation=cv2.INTER_LINEAR)
    sigma = side / 30
    weight = cv2.GaussianBlur(inside, (0, 0), sigma)
    return cv2.GaussianBlur(image, (0, 0), sigma) / np.maximum(weight, 1e-3)[..., None]
