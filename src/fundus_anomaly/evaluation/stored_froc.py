"""FROC of a method from its files: its maps beside the photographs' masks."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from fundus_anomaly.evaluation.froc import Lesion, froc_table, lesions_of, marks
from fundus_anomaly.files.hdf5 import open_h5, read_ids
from fundus_anomaly.imaging.lesion_truth import lesion_truth
from fundus_anomaly.progress import track
from fundus_anomaly.scoring.contract import FieldsOfView
from fundus_anomaly.scoring.map_files import map_of

File = str | os.PathLike[str]
# A mark is the highest within two positions of the map, and may miss a lesion by one, which is what it resolves.
_NEIGHBOURHOOD, _TOLERANCE = 2, 1


def froc_stored(
    maps: File, images: File, masks: File, labels: Mapping[str, int], excluded: Collection[str], lesions: Sequence[str]
) -> pd.DataFrame:
    """Return sensitivities by lesion type and size, see :func:`.froc.froc_table`.

    Args:
        maps: Maps of the test images.
        images: The test images as the rule ``images`` wrote them.
        masks: Their lesions as the rule ``masks`` wrote them.
        labels: By id 1 abnormal, 0 normal; others take no part.
        excluded: Ids that take no part.
        lesions: Names of the lesion types, in the order of the masks.

    Raises:
        InputError: If a file is damaged, or they do not fit each other.
    """
    found: list[Lesion] = []
    false: list[np.ndarray] = []
    with (
        open_h5(maps, "distance", "id") as scored,
        open_h5(images, "field_of_view", "id") as photographs,
        open_h5(masks, "coverage", "id") as annotated,
    ):
        views, place = FieldsOfView(photographs), {name: n for n, name in enumerate(read_ids(annotated))}
        for number, name in enumerate(track(read_ids(scored), len(scored["distance"]), "FROC")):
            if name in excluded or not (labels[name] == 0 or (labels[name] == 1 and name in place)):
                continue
            map_ = map_of(scored, number)
            position = max(size / cells for size, cells in zip(map_.shape, scored["distance"].shape[1:], strict=True))
            view = views.of(name, map_.shape)
            at = marks(map_, view, round(_NEIGHBOURHOOD * position))
            if labels[name] == 0:
                false.append(at.scores)
                continue
            coverage = annotated["coverage"][place[name]]
            # Where no mark can be, no lesion can be missed.
            seen = [lesion_truth(one) & view if view.any() else lesion_truth(one) for one in coverage]
            truth = {kind: one for kind, one in zip(lesions, seen, strict=True) if one.any()}
            found += lesions_of(at, truth, round(_TOLERANCE * position))
    return froc_table(found, false)
