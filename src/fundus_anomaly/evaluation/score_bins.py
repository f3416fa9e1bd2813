"""Bins that scores are counted in: half of their edges even in value, half even in rank.

Edges even in value alone fail for scores with a long tail: one position a thousand times as far as the others, and
nearly all pixels share a few bins. Edges even in rank alone leave few bins to the highest scores, where the lesions
are.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

BINS = 65_536
_SAMPLED = 4_000_000


def bin_edges(sample: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the edges of the bins.

    Args:
        sample: (m,) scores, finite, whose ranks half of the edges divide evenly.
        low: Lowest score.
        high: Highest score.

    Returns:
        (BINS + 1,) float32, rising, from ``low`` to ``high``; equal neighbours where scores are.
    """
    values = np.linspace(low, high, BINS // 2 + 1)
    ranks = np.quantile(sample, np.linspace(0, 1, BINS // 2 + 2)[1:-1])
    return np.sort(np.concatenate([values, np.clip(ranks, low, high)]).astype(np.float32))


def edges_of(maps: Iterable[np.ndarray], positions: int) -> np.ndarray:
    """Return the edges for maps that are read one after another; their order decides nothing.

    Args:
        maps: (h, w) float32 each, finite; read as a stream.
        positions: How many positions all of them have: of more than four million an even share is sampled.
    """
    step = max(1, positions // _SAMPLED)
    low, high, sample = np.inf, -np.inf, [np.zeros(0, np.float32)]
    for scores in maps:
        low, high = min(low, float(scores.min())), max(high, float(scores.max()))
        sample.append(scores.ravel()[::step].astype(np.float32))
    return bin_edges(np.concatenate(sample), low, high)


def quantise(scores: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the bin of each score, the one whose lower edge it has reached and whose upper edge it has not.

    Args:
        scores: Any shape, float32.
        edges: From :func:`bin_edges`; the highest score falls into the last bin.

    Returns:
        Same shape, uint16. Scores outside the range take the nearest bin.
    """
    return np.searchsorted(edges[1:-1], scores.ravel(), side="right").astype(np.uint16).reshape(scores.shape)
