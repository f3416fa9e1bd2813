"""FROC: the share of lesions that are marked, against false marks per normal image (Bunch et al., Proc. SPIE 1977).

A mark is a local maximum of an anomaly map within the field of view, one for each neighbourhood; maxima of a plateau
count as one. It finds every lesion that it lies in, or within a tolerance of; lesions are the connected parts of a
type's mask. A lesion is found at a threshold if one of its marks has at least that score. False marks are counted on
the normal images alone, where no lesion can be missing from the annotation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd

RATES = (1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0, 8.0)
"""False marks per normal image at which sensitivities are given (as in LUNA16, Setio et al., Med. Image Anal. 2017)."""


class Marks(NamedTuple):
    """Marks of one map.

    Attributes:
        rows: ``(m,)`` int.
        columns: ``(m,)`` int.
        scores: ``(m,)`` float.
    """

    rows: np.ndarray
    columns: np.ndarray
    scores: np.ndarray


class Lesion(NamedTuple):
    """One lesion of the test and the highest score of a mark that finds it.

    Attributes:
        type: Of the lesion, e.g. "MA".
        area: In pixels.
        score: Minus infinity if no mark finds it.
    """

    type: str
    area: int
    score: float


def marks(map_: np.ndarray, field_of_view: np.ndarray, radius: int) -> Marks:
    """Return the local maxima of a map.

    Args:
        map_: A, ``(H, W)`` float32.
        field_of_view: ``(H, W)`` bool; one without a pixel stands for the whole square.
        radius: Pixels along y and x within which a mark is the highest, at least 1.
    """
    view = field_of_view if field_of_view.any() else np.ones(map_.shape, bool)
    kernel = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    lowest = np.where(view, map_, -np.inf).astype(np.float32)
    peaks = view & (lowest >= cv2.dilate(lowest, kernel))
    _, labels = cv2.connectedComponents(peaks.astype(np.uint8), connectivity=8)
    where = np.flatnonzero(peaks)
    # The first pixel of each plateau, in reading order, stands for it.
    _, first = np.unique(labels.ravel()[where], return_index=True)
    rows, columns = np.unravel_index(where[first], map_.shape)
    return Marks(rows, columns, map_[rows, columns].astype(np.float64))


def lesions_of(found: Marks, truth: Mapping[str, np.ndarray], tolerance: int) -> list[Lesion]:
    """Return the lesions of one image.

    Args:
        found: Marks of its map.
        truth: For each lesion type ``(H, W)`` bool.
        tolerance: Pixels along y and x by which a mark may miss a lesion.
    """
    result = []
    kernel = np.ones((2 * tolerance + 1, 2 * tolerance + 1), np.uint8)
    for kind, mask in truth.items():
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
        for number in range(1, count):
            x, y, width, height, area = stats[number]
            part = np.pad((labels[y : y + height, x : x + width] == number).astype(np.uint8), tolerance)
            reached = cv2.dilate(part, kernel).astype(bool)
            rows, columns = found.rows - y + tolerance, found.columns - x + tolerance
            near = (rows >= 0) & (columns >= 0) & (rows < reached.shape[0]) & (columns < reached.shape[1])
            near[near] = reached[rows[near], columns[near]]
            score = float(found.scores[near].max()) if near.any() else -np.inf
            result.append(Lesion(kind, int(area), score))
    return result


def threshold_at(false: Sequence[np.ndarray], rate: float) -> float:
    """Return the lowest threshold with at most so many false marks per image; a mark at it or above counts.

    Args:
        false: Scores of the marks of each normal image, at least one image.
        rate: False marks per image.
    """
    scores = np.sort(np.concatenate([np.asarray(one, np.float64) for one in false]))[::-1]
    allowed = int(np.floor(rate * len(false) + 1e-9))
    if allowed >= len(scores):
        return float("-inf")
    return float(np.nextafter(scores[allowed], np.inf))


def froc_table(lesions: Sequence[Lesion], false: Sequence[np.ndarray], rates: Sequence[float] = RATES) -> pd.DataFrame:
    """Return sensitivities by lesion type and size class.

    Size classes are the thirds of each type's own areas; of all types together those of all.

    Args:
        lesions: All lesions of the test.
        false: Scores of the marks of each normal image.
        rates: False marks per normal image.

    Returns:
        Columns ``lesion`` ("all" or a type), ``size`` ("all", "small", "medium", "large"), ``largest_area`` in pixels,
        ``lesions``, ``false_marks``, ``threshold`` and ``sensitivity``; no row without lesions or without normals.
    """
    table = pd.DataFrame(list(lesions), columns=list(Lesion._fields))
    rows = []
    kinds = ["all", *dict.fromkeys(table["type"])] if len(table) and len(false) else []
    for kind in kinds:
        of_kind = table if kind == "all" else table[table["type"] == kind]
        small, medium = np.quantile(of_kind["area"], [1 / 3, 2 / 3])
        sizes = {"all": of_kind["area"] > 0, "small": of_kind["area"] <= small, "large": of_kind["area"] > medium}
        sizes["medium"] = ~sizes["small"] & ~sizes["large"]
        for size in ("all", "small", "medium", "large"):
            taken = of_kind[sizes[size]]
            for rate in rates if len(taken) else ():
                threshold = threshold_at(false, rate)
                found = float(((taken["score"] >= threshold) & np.isfinite(taken["score"])).mean())
                rows.append((kind, size, int(taken["area"].max()), len(taken), rate, threshold, found))
    columns = ["lesion", "size", "largest_area", "lesions", "false_marks", "threshold", "sensitivity"]
    return pd.DataFrame(rows, columns=columns)
