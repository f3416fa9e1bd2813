"""Which images Fig. 2 shows: chosen without any method's scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.seeds import digest


@dataclass(frozen=True)
class Choice:
    """One image that is to be shown.

    Attributes:
        id: The image.
        reason: Why it was chosen: a lesion type, ``"normal"`` or ``"unlabelled"``.
    """

    id: str
    reason: str


def lesion_areas(ids: Sequence[str], lesions: Sequence[str], coverages: Iterable[np.ndarray]) -> pd.DataFrame:
    """Return the share of each photograph that each lesion type covers, as :func:`choose_rows` takes it.

    Args:
        ids: m image ids.
        lesions: L lesion types.
        coverages: m arrays ``(L,H,W)`` uint8, share of each pixel that is lesion, 255 = all of it.
    """
    shares = [coverage.reshape(len(lesions), -1).mean(axis=1, dtype=np.float64) / 255 for coverage in coverages]
    return pd.DataFrame(np.reshape(shares, (len(ids), len(lesions))), index=list(ids), columns=list(lesions))


def choose_rows(
    manifest: pd.DataFrame,
    areas: pd.DataFrame,
    *,
    quantile: float,
    normals: int,
    others: int,
    seed: int,
) -> list[Choice]:
    """Choose test images by their lesions and names alone, so that no method's good or bad cases are picked.

    For each lesion type in order: of the images that have it and are not chosen yet, the one at ``quantile`` of its
    area, images ordered by area and then by id. A type all of whose images are chosen already adds no row. Then
    ``normals`` normal images; and, where no image has a lesion mask, ``others`` of those that are not normal; both
    drawn by seed and id.

    Args:
        manifest: One row an image, with columns ``id``, ``split`` and ``label``; only the split ``"test"`` is used.
        areas: Share of the photograph that each lesion covers: index image id, one float column a lesion type, in
            the order of the rows; images without any mask may be absent.
        quantile: Which area represents a type, in [0, 1]: .5 the median, 1 the largest.
        normals: How many normal images (label 0).
        others: How many images of label 1 or -1, if there are no lesion masks.
        seed: The configured seed.

    Returns:
        The images in the order of their rows: lesion types, others, normals.

    Raises:
        InputError: If there is no test image to show.
    """
    test = manifest[manifest["split"] == "test"]
    areas = areas[areas.index.isin(test["id"])]
    chosen: list[Choice] = []
    taken: set[str] = set()
    for lesion in areas.columns:
        left = [(area, name) for name, area in areas[lesion].items() if area > 0 and name not in taken]
        if left:
            name = sorted(left)[round(quantile * (len(left) - 1))][1]
            taken.add(name)
            chosen.append(Choice(name, str(lesion)))
    if not chosen:
        not_normal = test.loc[test["label"] != 0, ["id", "label"]]
        label = dict(zip(not_normal["id"], not_normal["label"], strict=True))
        chosen += [Choice(n, "abnormal" if label[n] == 1 else "unlabelled") for n in _drawn(list(label), others, seed)]
    chosen += [Choice(n, "normal") for n in _drawn(list(test.loc[test["label"] == 0, "id"]), normals, seed)]
    if not chosen:
        raise InputError(
            Problem(
                "manifest, split 'test'",
                f"{len(test)} images, none of which may be shown",
                "at least one image",
                "add test images, or ask for more normals or others in the figure's settings",
            )
        )
    return chosen


def _drawn(ids: list[str], count: int, seed: int) -> list[str]:
    """Return ``count`` ids, or all if there are fewer, drawn by seed and id whatever the order of ``ids``."""
    return sorted(ids, key=lambda name: (digest(seed, "figure row", name), name))[:count]
