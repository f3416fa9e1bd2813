"""Per-region overlap (AUPRO): every lesion counts the same, however small.

The mean over regions of the share of the region that is found, integrated over the false positive rate up to a limit
(Bergmann et al., "The MVTec Anomaly Detection Dataset", IJCV 2021, section 5.1). A region is a connected component,
8-connected, of the lesion mask. Microaneurysms make this figure: in the pixel AUC they weigh next to nothing.
"""

from __future__ import annotations

import cv2
import numpy as np


def region_histogram(bins: np.ndarray, mask: np.ndarray, count: int) -> tuple[np.ndarray, int]:
    """Return the sum over an image's regions of their histogram divided by their size.

    Args:
        bins: (H, W) uint16, each pixel's bin.
        mask: (H, W) bool, lesion pixels.
        count: Number of bins.

    Returns:
        (count,) float64 that sums to the number of regions, and that number. Sums over images add up.
    """
    found, regions = cv2.connectedComponents(mask.view(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    region = regions[mask]
    size = np.bincount(region, minlength=found)
    return np.bincount(bins[mask], weights=1.0 / size[region], minlength=count), found - 1


def aupro(regions: np.ndarray, region_count: int, normal: np.ndarray, limit: float) -> float:
    """Return the area under the curve of mean region overlap against false positive rate, up to a limit.

    Args:
        regions: (bins,) float64, sum of :func:`region_histogram` over the images.
        region_count: Number of regions in it.
        normal: (bins,) pixel counts without any lesion.
        limit: False positive rate at which integration ends, in (0, 1].

    Returns:
        The area divided by ``limit``: 1 for a perfect map, ``limit / 2`` for chance. NaN without regions or normal
        pixels. Scores in one bin are joined by a straight line, as in the ROC curve.
    """
    pixels = normal.sum()
    if region_count == 0 or pixels == 0:
        return float("nan")
    overlap = np.concatenate([[0.0], np.cumsum(regions[::-1])]) / region_count
    false_positives = np.concatenate([[0.0], np.cumsum(normal[::-1], dtype=np.float64)]) / pixels
    inside = false_positives <= limit
    x, y = false_positives[inside], overlap[inside]
    if not inside.all():
        beyond = int(np.argmin(inside))
        step = false_positives[beyond] - x[-1]
        y = np.append(y, y[-1] + (overlap[beyond] - y[-1]) * (limit - x[-1]) / step)
        x = np.append(x, limit)
    return float(np.trapezoid(y, x) / limit)
