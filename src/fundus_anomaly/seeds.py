"""Random numbers that depend on the configured seed and on names, never on order, clock or worker count."""

from __future__ import annotations

import hashlib

import numpy as np


def digest(seed: int, *names: object) -> int:
    """Return a 128-bit integer that depends on the seed and the names alone.

    Args:
        seed: The seed from the configuration.
        *names: What the number is for, e.g. ``("phantom", image_id)``. Each is taken as its ``str``.
    """
    text = "\x1f".join([str(int(seed)), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def generator(seed: int, *names: object) -> np.random.Generator:
    """Return a numpy generator for one named purpose; see :func:`digest`."""
    return np.random.default_rng(digest(seed, *names))
