"""A round field of view with a retina in it."""

import cv2
import numpy as np

SIZE = 96
LESIONS = ("MA", "HE", "EX", "SE")


def eye(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return an orange disc on black, (H,W,3) uint8, and its field of view, (H,W) uint8."""
    field = cv2.circle(np.zeros((SIZE, SIZE), np.uint8), (SIZE // 2, SIZE // 2), SIZE // 2 - 6, 1, -1)
    texture = np.random.default_rng(seed).integers(-15, 15, (SIZE, SIZE, 1))
    return ((np.array([200, 110, 50]) + texture) * field[..., None]).astype(np.uint8), field
