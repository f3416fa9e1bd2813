"""Exact float64 distances to the nearest of many centres, at the price of one float32 matrix product.

The product gives, for every point and centre, a proven lower bound of the squared distance; only pairs whose bound
lies below the distance already known are computed in float64, from the differences. What comes out is a function of
the points alone: it depends on neither block sizes, order of work, number of threads nor device.
"""

from __future__ import annotations

import numpy as np
import torch

# Far above what underflow can take from a float32 sum of squares, far below any squared distance that matters.
_UNDERFLOW = 1e-30


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


def relative_error(channels: int) -> float:
    """Return κ such that a squared distance from float32 products errs by at most ``κ·(|x|² + |y|²)``.

    The bound is that of a sum in any order (Higham 2002, Accuracy and Stability of Numerical Algorithms, section 4.2):
    d float32 roundings of ``|y|² + 2|x||y|``, and a few more for centring, norms and the last addition. Torch may have
    been told to round the inputs of products to TF32 or bfloat16, which adds 2⁻⁷.

    Args:
        channels: Number of channels, d.
    """
    inputs = 0.0 if torch.get_float32_matmul_precision() == "highest" else 2.0**-7
    return (2 * channels + 32) * 2.0**-24 + inputs


class Centred:
    """Rows moved by the mean of all points and laid on the device, with what the filter needs of their norms.

    Norms are smaller about the mean, so that float32 products lose fewer digits.

    Args:
        rows: ``(m, d)`` float32.
        mean: ``(d,)`` float32, the same for all that are compared.
        device: Torch device.

    Attributes:
        moved: ``(m, d)`` float32 tensor on the device.
        norm: ``(m,)`` float64, squared norms of the moved rows.
        low: ``(m,)`` float32 tensor on the device, the squared norms less their share of the error.
    """

    def __init__(self, rows: np.ndarray, mean: np.ndarray, device: torch.device):
        moved = rows - mean
        self._rows = rows
        self._number = np.arange(len(rows))
        self.moved = torch.from_numpy(moved).to(device)
        self.norm = np.einsum("ij,ij->i", moved, moved, dtype=np.float64)
        low = self.norm * (1 - relative_error(rows.shape[1])) - _UNDERFLOW
        self.low = torch.from_numpy(low.astype(np.float32)).to(device)

    def __len__(self) -> int:
        """Return m."""
        return len(self.norm)

    def exact(self, index: np.ndarray) -> np.ndarray:
        """Return rows as they were given, ``(p, d)`` float32."""
        return self._rows[self._number[index]]

    def part(self, start: int, stop: int) -> Centred:
        """Return the rows from start to stop, without a copy."""
        return self._piece(slice(start, stop), slice(start, stop))

    def at(self, index: np.ndarray) -> Centred:
        """Return the rows of these indices."""
        return self._piece(index, torch.from_numpy(index).to(self.moved.device))

    def put(self, start: int, other: Centred) -> None:
        """Replace the rows from ``start`` by the other's; not for a part."""
        stop = start + len(other)
        self._rows[start:stop] = other.exact(np.arange(len(other)))
        self.norm[start:stop] = other.norm
        self.moved[start:stop], self.low[start:stop] = other.moved, other.low

    def _piece(self, index: slice | np.ndarray, on_device: slice | torch.Tensor) -> Centred:
        piece = object.__new__(Centred)
        piece._rows, piece._number, piece.norm = self._rows, self._number[index], self.norm[index]
        piece.moved, piece.low = self.moved[on_device], self.low[on_device]
        return piece


def lower(points: Centred, centres: Centred) -> torch.Tensor:
    """Return, for each pair, what added to the point's ``low`` is a lower bound of the squared distance.

    Args:
        points: m points.
        centres: s centres.

    Returns:
        ``(m, s)`` float32 tensor on the device.
    """
    return torch.addmm(centres.low, points.moved, centres.moved.T, alpha=-2)


def approach(squared: np.ndarray, points: Centred, centres: Centred) -> int:
    """Lower each point's squared distance to that to the nearest of some centres, exactly.

    Args:
        squared: ``(m,)`` float64, squared distances known so far; changed in place.
        points: The m points.
        centres: The s centres.

    Returns:
        Number of pairs whose distance was computed in float64.
    """
    error = relative_error(points.moved.shape[1])
    bounds = lower(points, centres)
    # A pair matters if its lower bound is below the known distance and not above another pair's upper bound.
    room = squared - points.norm * (1 - error) + _UNDERFLOW
    spread = 2 * error * (points.norm + centres.norm.max()) + 10 * _UNDERFLOW
    limit = np.minimum(room, bounds.amin(dim=1).cpu().numpy() + spread)
    limit = (limit + np.abs(limit) * 2.0**-20).astype(np.float32)
    point, centre = np.divmod(_not_above(bounds, limit), len(centres))
    if len(point):
        np.minimum.at(squared, point, squared_distances(points.exact(point), centres.exact(centre)))
    return len(point)


def _not_above(bounds: torch.Tensor, limit: np.ndarray) -> np.ndarray:
    """Return the flat indices of the bounds that do not exceed their row's limit."""
    if bounds.device.type == "cpu":
        # numpy compares with vector instructions, torch does not: 0.2 against 1.5 ns a pair.
        return np.flatnonzero(bounds.numpy() <= limit[:, None])
    return torch.nonzero((bounds <= torch.from_numpy(limit).to(bounds.device)[:, None]).flatten())[:, 0].cpu().numpy()
