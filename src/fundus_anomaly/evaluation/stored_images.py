"""The evaluation of image scores alone, of what has no pixel figures: maps calibrated by position."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack

import numpy as np
import pandas as pd

from fundus_anomaly.evaluation.images import ImageSettings, evaluate_images, require_scores
from fundus_anomaly.evaluation.rows import table
from fundus_anomaly.files.hdf5 import open_h5, read_ids
from fundus_anomaly.imaging.lesion_truth import lesion_truth
from fundus_anomaly.scoring.contract import FieldsOfView, read_scores

File = str | os.PathLike[str]


def evaluate_stored_images(
    *,
    scores: File,
    calibration_scores: File,
    images: File,
    masks: File | None,
    excluded: Collection[str],
    manifest: pd.DataFrame,
    lesions: Sequence[str],
    field_of_view_only: bool,
    settings: ImageSettings,
) -> pd.DataFrame:
    """Return the long table of a method's image scores, see :func:`.images.evaluate_images`.

    Args:
        scores: Image scores of the test images.
        calibration_scores: Those of the held-out normals.
        images: The test images as the rule ``images`` wrote them.
        masks: Their lesions as the rule ``masks`` wrote them; None if there are none.
        excluded: Ids that take no part.
        manifest: Rows of the test images, see :func:`.evaluate.evaluate`.
        lesions: Names of the lesion types, in the order of the masks.
        field_of_view_only: Whether a lesion outside the field of view counts as none.
        settings: Of the evaluation.

    Raises:
        InputError: If a file is damaged, or they do not fit each other.
    """
    kept = manifest[~manifest["id"].isin(set(excluded))].reset_index(drop=True)
    found, held_out = read_scores(scores), read_scores(calibration_scores)
    found = found[~found["id"].isin(set(excluded))].reset_index(drop=True)
    require_scores(found, kept["id"].tolist(), held_out)
    shown = _shown(masks, images if field_of_view_only else None, kept["id"].tolist(), lesions)
    return table(evaluate_images(found, kept, shown, held_out, settings)[0])


def _shown(
    masks: File | None, images: File | None, ids: Sequence[str], lesions: Sequence[str]
) -> Mapping[str, np.ndarray]:
    """Return for each lesion type ``(n,)`` bool, which images show it: within their field of view, if that counts."""
    if masks is None:
        return {lesion: np.zeros(len(ids), bool) for lesion in lesions}
    place = {name: number for number, name in enumerate(ids)}
    shown = np.zeros((len(ids), len(lesions)), bool)
    with ExitStack() as opened:
        file = opened.enter_context(open_h5(masks, "coverage", "id"))
        views = None if images is None else FieldsOfView(opened.enter_context(open_h5(images, "field_of_view", "id")))
        for number, name in enumerate(read_ids(file)):
            if name in place:
                coverage = file["coverage"][number]
                view = None if views is None else views.of(name, coverage.shape[1:])
                shown[place[name]] = [_shows(one, view) for one in coverage]
    return dict(zip(lesions, shown.T, strict=True))


def _shows(coverage: np.ndarray, view: np.ndarray | None) -> bool:
    """Return whether a lesion type's coverage, ``(S, S)`` uint8, holds a lesion: a pixel of the truth in the view."""
    return bool(coverage.any() and (view is None or (lesion_truth(coverage) & view).any()))
