"""Sparse random projection of features before the coreset is chosen (ReSAD section 3.3, after PatchCore)."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.files.scratch import scratch_array
from fundus_anomaly.progress import track
from fundus_anomaly.seeds import digest

if TYPE_CHECKING:
    import h5py
    from scipy import sparse

logger = logging.getLogger(__name__)


class Projection:
    """A linear map that keeps the distances among n points within 1 ± ε, with high probability.

    Its entries are 0, or ±√(√c/d) with probability 1/(2√c) each (Li, Hastie & Church, Very Sparse Random Projections,
    KDD 2006), and the number of components d is the Johnson–Lindenstrauss bound ``4 ln n / (ε²/2 − ε³/3)``. If that is
    no less than the number of channels c, the features stay as they are.

    Args:
        points: Number of points among which distances are kept, n.
        channels: Channels of a feature, c.
        epsilon: Relative error of squared distances, ε, above 0 and below 1.
        seed: Seed of the run.

    Attributes:
        components: Channels after the projection, d ≤ c.
        matrix: ``(d, c)`` float32 in compressed rows, or None where features stay as they are.

    Raises:
        InputError: If an argument is out of range.
    """

    def __init__(self, points: int, channels: int, epsilon: float, seed: int):
        problems = [
            Problem(f"projection, {name}", str(found), allowed, remedy)
            for name, found, wrong, allowed, remedy in (
                ("points", points, points < 1, "at least 1", "give the training images"),
                ("channels", channels, channels < 1, "at least 1", "choose a backbone with features"),
                ("epsilon", epsilon, not 0 < epsilon < 1, "above 0 and below 1", "set it in the configuration"),
            )
            if wrong
        ]
        raise_if_any(problems)
        # One point has no distances to keep, two have one.
        needed = int(4 * math.log(max(points, 2)) / (epsilon**2 / 2 - epsilon**3 / 3))
        self.channels = channels
        self.components = min(needed, channels)
        self.matrix: sparse.csr_array | None = None
        if needed >= channels:
            logger.info("no projection: %d points at ε = %g need %d ≥ %d channels", points, epsilon, needed, channels)
            return
        # Half of a small coreset's time goes into these, where there is something to project.
        from scipy import sparse
        from sklearn.random_projection import SparseRandomProjection

        maker = SparseRandomProjection(needed, density="auto", random_state=digest(seed, "projection") % 2**32)
        fitted = maker.fit(np.zeros((1, channels), np.float32))
        self.matrix = sparse.csr_array(fitted.components_, dtype=np.float32)
        logger.info("projection of %d channels to %d (%d points, ε = %g)", channels, needed, points, epsilon)

    def project(self, block: np.ndarray) -> np.ndarray:
        """Project a block of features; each row's result depends on that row alone.

        Args:
            block: ``(m, c)`` float32.

        Returns:
            ``(m, d)`` float32; the block itself if there is nothing to project.

        Raises:
            ValueError: If the block has another shape.
        """
        if block.ndim != 2 or block.shape[1] != self.channels:
            raise ValueError(f"a block must be (m, {self.channels}), not {block.shape}")
        if self.matrix is None:
            return block
        return np.ascontiguousarray((self.matrix @ block.T).T, dtype=np.float32)


def projected_points(features: h5py.Dataset, images: np.ndarray, projection: Projection, folder: Path) -> np.memmap:
    """Return the positions of some images, projected, in an unnamed file.

    Args:
        features: ``(n, h, w, c)`` float, read an image at a time.
        images: ``(m,)`` int, which of them.
        projection: What brings a position to d channels.
        folder: Where the file is.

    Returns:
        ``(m·h·w, d)`` float32.
    """
    positions = int(np.prod(features.shape[1:3]))
    points = scratch_array(folder, (len(images) * positions, projection.components))
    for number, image in enumerate(track(images, len(images), "projection")):
        block = features[image].reshape(positions, -1).astype(np.float32)
        points[number * positions : (number + 1) * positions] = projection.project(block)
    return points
