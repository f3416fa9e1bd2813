"""Exact float64 distances to the nearest of many centres, at the price of one float32 matrix product.

The product gives, for every point and centre, a proven lower bound of the squared distance; only pairs whose bound
lies below the distance already known are computed in float64, from the differences. What comes out is a function of
the points alone: it depends on neither block sizes, order of work, number of threads nor device.
"""

from __future__ import annotations

import numpy as np
import torch

from fundus_anomaly.neighbours.products import fastest_product, relative_error

# Far above what underflow can take from a float32 sum of squares, far below any squared distance that matters.
UNDERFLOW = 1e-30


def squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distances of paired rows, summed in float64 in one fixed order.

    Args:
        first: ``(m, d)`` float32.
        second: ``(m, d)`` or ``(1, d)`` float32.

    Returns:
        ``(m,)`` float64; exactly 0 for equal rows, and the same for ``(a, b)`` as for ``(b, a)``.
    """
    difference = np.subtract(first, second, dtype=np.float64)
    np.multiply(difference, difference, out=difference)
    return difference.sum(axis=1)


class Centred:
    """Rows moved by the mean of all points, with what the filter needs of their norms.

    Norms are smaller about the mean, so that float32 products lose fewer digits.

    Args:
        rows: ``(m, d)`` float32.
        mean: ``(d,)`` float32, the same for all that are compared.

    Attributes:
        moved: ``(m, d + 1)`` float32, the moved rows and a column of ones, which takes up the other side's ``low``.
        norm: ``(m,)`` float64, squared norms of the moved rows.
        low: ``(m,)`` float32, the squared norms less their share of the error.
    """

    def __init__(self, rows: np.ndarray, mean: np.ndarray):
        count, self.channels = rows.shape
        self.moved = np.empty((count, self.channels + 1), np.float32)
        moved = self.moved[:, :-1]
        np.subtract(rows, mean, out=moved)
        self.moved[:, -1] = 1
        self._rows = rows
        self._number = np.arange(len(rows))
        self.norm = np.einsum("ij,ij->i", moved, moved, dtype=np.float64)
        self.low = (self.norm * (1 - relative_error(self.channels)) - UNDERFLOW).astype(np.float32)

    def __len__(self) -> int:
        """Return m."""
        return len(self.norm)

    def exact(self, index: np.ndarray) -> np.ndarray:
        """Return rows as they were given, ``(p, d)`` float32."""
        return self._rows[self._number[index]]

    def opposite(self) -> np.ndarray:
        """Return what the other side's ``moved`` is multiplied with: ``(m, d + 1)`` float32, −2·rows and ``low``."""
        against = np.multiply(self.moved, np.float32(-2))
        against[:, -1] = self.low
        return against

    def part(self, start: int, stop: int) -> Centred:
        """Return the rows from start to stop, without a copy."""
        return self.at(slice(start, stop))

    def at(self, index: slice | np.ndarray) -> Centred:
        """Return the rows of these indices."""
        piece = object.__new__(Centred)
        piece._rows, piece._number, piece.channels = self._rows, self._number[index], self.channels
        piece.moved, piece.norm, piece.low = self.moved[index], self.norm[index], self.low[index]
        return piece

    def put(self, start: int, other: Centred) -> None:
        """Replace the rows from ``start`` by the other's; not for a part."""
        stop = start + len(other)
        self._rows[start:stop] = other.exact(np.arange(len(other)))
        self.moved[start:stop], self.norm[start:stop], self.low[start:stop] = other.moved, other.norm, other.low


def lower(points: Centred, centres: Centred, device: str = "cpu") -> np.ndarray:
    """Return, for each pair, what added to the point's ``low`` is a lower bound of the squared distance.

    Args:
        points: m points.
        centres: s centres.
        device: Torch device of the product.

    Returns:
        ``(m, s)`` float32.
    """
    if device != "cpu":
        left, right = (torch.from_numpy(side).to(device) for side in (points.moved, centres.opposite()))
        return torch.mm(left, right.T).cpu().numpy()
    bounds = np.empty((len(points), len(centres)), np.float32)
    fastest_product()(points.moved, centres.opposite(), bounds)
    return bounds


def approach(squared: np.ndarray, points: Centred, centres: Centred, device: str = "cpu") -> int:
    """Lower each point's squared distance to that to the nearest of some centres, exactly.

    Args:
        squared: ``(m,)`` float64, squared distances known so far; changed in place.
        points: The m points.
        centres: The s centres.
        device: Torch device of the product.

    Returns:
        Number of pairs whose distance was computed in float64.
    """
    error = relative_error(points.channels)
    bounds = lower(points, centres, device)
    # A pair matters if its lower bound is below the known distance and not above another pair's upper bound.
    room = squared - points.norm * (1 - error) + UNDERFLOW
    spread = 2 * error * (points.norm + centres.norm.max()) + 10 * UNDERFLOW
    limit = rounded_up(np.minimum(room, bounds.min(axis=1) + spread))
    # numpy compares with vector instructions, torch does not: 0.2 against 1.5 ns a pair.
    point, centre = np.divmod(np.flatnonzero(bounds <= limit[:, None]), len(centres))
    if len(point):
        np.minimum.at(squared, point, squared_distances(points.exact(point), centres.exact(centre)))
    return len(point)


def rounded_up(limit: np.ndarray) -> np.ndarray:
    """Return float32 values that are no less than the float64 ones."""
    return (limit + np.abs(limit) * 2.0**-20).astype(np.float32)
