"""The rows of Fig. A3, from a run's files and the trained classifier."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fundus_anomaly.imaging.preprocess import preprocess, require_same_content
from fundus_anomaly.networks.class_activation import class_activation
from fundus_anomaly.networks.classifier import Classifier
from fundus_anomaly.report.figures.gradcam import Row
from fundus_anomaly.report.figures.row_choice import choose_rows, lesion_areas
from fundus_anomaly.report.figures.shown_images import ShownImages


def gradcam_rows(
    shown: ShownImages,
    classifier: Classifier,
    manifest: pd.DataFrame,
    logits: pd.Series,
    lesions: Sequence[str],
    photographs: Photographs,
    *,
    rows: int,
    quantile: float,
    seed: int,
) -> list[Row]:
    """Return the images of Fig. A3, chosen by their lesions and names and not by any score.

    Args:
        shown: The test images.
        classifier: The trained classifier.
        manifest: Columns ``id``, ``split``, ``label``, ``grade`` and ``path``.
        logits: The classifier's logit by id; an image without one is not shown.
        lesions: Names of the lesion types.
        photographs: The photographs as they are shown.
        rows: How many rows are wanted; each lesion type gets one, and there is one normal image.
        quantile: Which area stands for a lesion type.
        seed: Seed of the run.

    Raises:
        InputError: If a photograph is not the one that was prepared.
    """
    manifest = manifest.set_index("id", drop=False)
    manifest = manifest[manifest["id"].isin(shown.ids) & manifest["id"].isin(logits.index)]
    annotated = [name for name in shown.annotated if name in manifest.index]
    chosen = choose_rows(
        manifest,
        lesion_areas(annotated, lesions, map(shown.coverage, annotated)),
        quantile=quantile,
        normals=1,
        others=max(1, rows - 1),
        seed=seed,
    )
    maps = class_activation(classifier, np.stack([shown.photograph(choice.id) for choice in chosen]))
    return [
        Row(
            choice.id,
            choice.reason,
            int(manifest.loc[choice.id, "grade"]),
            photographs.plain(choice.id, manifest.loc[choice.id, "path"]),
            shown.field_of_view(choice.id),
            shown.coverage(choice.id),
            {name: found[number] for name, found in maps.items()},
            float(logits[choice.id]),
        )
        for number, choice in enumerate(chosen)
    ]


class Photographs:
    """Photographs as they are shown: prepared as the classifier's, but for the local average, which stays.

    Args:
        sources: By id, what the prepared image says of its photograph, JSON.
        preprocessing: That of the prepared images.
        max_pixels: The largest width × height that is accepted.
        prepared: File of the prepared images, for messages.
    """

    def __init__(self, sources: Mapping[str, str], preprocessing: Mapping, max_pixels: int, prepared: str):
        self._sources, self._max_pixels = sources, max_pixels
        self._preprocessing = dict(preprocessing) | {"graham": False}
        self._anew = f"delete {prepared} and run the same command again"

    def plain(self, name: str, path: str) -> np.ndarray:
        """Return ``(S, S, 3)`` uint8 RGB.

        Raises:
            InputError: If the file is not the one that was prepared.
        """
        found = preprocess(path, **self._preprocessing, max_pixels=self._max_pixels)
        require_same_content(path, found.source, json.loads(self._sources[name])["sha256"], self._anew)
        return found.image
