"""A perceptual hash fit for fundus photographs, all of which resemble each other."""

from __future__ import annotations

import numpy as np
from PIL import Image

# 32×32 bits: on IDRiD (398 photographs, 79,003 pairs) different photographs differ in at least 22.9 % of them, copies
# and re-encodings in at most 2.1 %. With 16×16 bits the closest different pair is at 14.8 %, too near for thousands.
SIDE = 32
BITS = SIDE * SIDE
# Less contrast than this (standard deviation of the grey level, 0–255) is a lens cap or a blank page.
BLANK_SPREAD = 2.0
_OVERSAMPLING = 4
_OUTLINE = 256


def perceptual_hash(grey: np.ndarray) -> str:
    """Return the DCT hash of a photograph as 256 hexadecimal digits, or ``""`` for a blank one.

    The photograph is first cut to its field of view, so that a copy with wider or narrower black borders, in another
    size or another aspect ratio has nearly the same hash.

    Args:
        grey: ``(H, W)`` uint8, upright.
    """
    if grey.std() < BLANK_SPREAD:
        return ""
    # Whoever asks what an inspected file's facts are needs no hash.
    import imagehash

    image = Image.fromarray(grey)
    side = SIDE * _OVERSAMPLING
    cut = image.resize((side, side), Image.Resampling.LANCZOS, box=_outline(image))
    bits = imagehash.phash(cut, hash_size=SIDE, highfreq_factor=_OVERSAMPLING).hash
    return np.packbits(bits.ravel()).tobytes().hex()


def _outline(image: Image.Image) -> tuple[float, float, float, float]:
    """Return the box of what is not border, ``(left, top, right, bottom)`` in pixels."""
    small = np.asarray(image.resize((_OUTLINE, _OUTLINE), Image.Resampling.BOX))
    bright = small > max(8.0, 0.1 * np.percentile(small, 95))
    rows, columns = (np.flatnonzero(bright.mean(axis) > 0.02) for axis in (1, 0))
    if rows.size == 0 or columns.size == 0:
        return (0.0, 0.0, float(image.width), float(image.height))
    across, down = image.width / _OUTLINE, image.height / _OUTLINE
    return (columns[0] * across, rows[0] * down, (columns[-1] + 1) * across, (rows[-1] + 1) * down)
