"""Curves thinned to as many points as a figure needs."""

from __future__ import annotations

import numpy as np


def thinned(curve: np.ndarray, points: int) -> np.ndarray:
    """Return at most ``points`` rows of a curve (p, ≥ 2), spread evenly along |Δx| + |Δy|, both ends kept."""
    length = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(curve[:, :2], axis=0)).sum(axis=1))])
    kept = np.searchsorted(length, np.linspace(0, length[-1], points - 1))
    return curve[np.unique(np.append(np.minimum(kept, len(curve) - 1), len(curve) - 1))]
