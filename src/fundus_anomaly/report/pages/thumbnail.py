"""Pictures inside a page, made smaller."""

from __future__ import annotations

import base64

import cv2
import numpy as np


def embedded(picture: np.ndarray, longer_side: int, quality: int) -> str:
    """Return a picture, made smaller if need be, as a ``data:`` address.

    Args:
        picture: ``(H,W,3)`` uint8, RGB.
        longer_side: At most so many pixels.
        quality: JPEG quality, 1–100.
    """
    shrink = min(1.0, longer_side / max(picture.shape[:2]))
    width, height = (max(1, round(side * shrink)) for side in picture.shape[1::-1])
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
