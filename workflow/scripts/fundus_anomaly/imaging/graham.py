"""Graham's local average step: contrast against the neighbourhood, equal for all cameras."""

from __future__ import annotations

import cv2
import numpy as np


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
    sigma = max(photograph.shape[:2]) / 30
    inside = field_of_view.astype(np.float32)
    image = photograph.astype(np.float32) * inside[..., None]
    weight = cv2.GaussianBlur(inside, (0, 0), sigma)
    average = cv2.GaussianBlur(image, (0, 0), sigma) / np.maximum(weight, 1e-3)[..., None]
    contrast = 4 * (image - average) + 128
    return np.where(field_of_view[..., None], contrast.round().clip(0, 255), 128).astype(np.uint8)
