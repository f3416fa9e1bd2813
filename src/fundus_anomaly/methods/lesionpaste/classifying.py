"""Photographs scored by LesionPaste's classifier, as it was after several epochs (Sec. 2.4)."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.files.hdf5 import open_h5, read_ids
from fundus_anomaly.imaging.prepared_images import PreparedPhotographs
from fundus_anomaly.methods.interface import Detector
from fundus_anomaly.methods.logits import LogitDetector
from fundus_anomaly.networks.classifier import Classifier, empty_network
from fundus_anomaly.networks.state import load_state, read_state
from fundus_anomaly.progress import bar

File = str | os.PathLike[str]


def logit_table(
    images: Mapping[str, Sequence[File]],
    ids: Mapping[str, Collection[str]],
    weights: Mapping[str, File],
    network: str,
    settings: Mapping,
    device: str,
) -> dict[str, pd.DataFrame]:
    """Return the logits of several sets of photographs, a column for each file of weights.

    Args:
        images: For each set the files of the rule ``images`` that its photographs are in.
        ids: For each set the ids that are wanted; those that no file has are left out.
        weights: For each column the weights of the classifier.
        network: The classifier's network.
        settings: The configuration's section ``lesionpaste.training``.
        device: ``"cpu"`` or ``"cuda"``.

    Returns:
        For each set the index ``id``, in the files' order, and the columns, float64.

    Raises:
        InputError: If weights do not fit the network, or a logit is not finite.
    """
    columns: dict[str, dict[str, pd.Series]] = {name: {} for name in images}
    for column, file in weights.items():
        classifier = Classifier(empty_network(network, settings["head"]), settings["mean"], settings["std"])
        load_state(classifier, read_state(file), network, file)
        detector = LogitDetector(classifier, device, settings["precision"])
        for name, files in images.items():
            what = f"classification, {name}, {column}"
            found = _logits(detector, files, ids[name], settings["batch"], what)
            columns[name][column] = pd.Series(found, dtype=float)
    tables = {name: pd.DataFrame(found).rename_axis("id") for name, found in columns.items()}
    raise_if_any(problem for column, file in weights.items() for problem in _not_finite(tables, column, file)[:1])
    return tables


def _not_finite(tables: Mapping[str, pd.DataFrame], column: str, file: File) -> list[Problem]:
    """Return a problem for each set of photographs that has a logit that is no number."""
    return [
        Problem(
            f"{file}, logits of the {name} images",
            f"NaN or infinite values, e.g. of {strange.index[0]}",
            "finite logits",
            "set lesionpaste.training.precision to float32, or lower lesionpaste.training.learning_rate",
        )
        for name, table in tables.items()
        if len(strange := table[~np.isfinite(table[column])])
    ]


def _logits(detector: Detector, files: Sequence[File], ids: Collection[str], batch: int, what: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for path in files:
        with open_h5(path, "image", "field_of_view", "id") as file:
            wanted = [number for number, name in enumerate(read_ids(file)) if name in ids]
            photographs = PreparedPhotographs(file, wanted)
            with bar(len(wanted), what, "image") as shown:
                for first in range(0, len(wanted), batch):
                    places = range(first, min(first + batch, len(wanted)))
                    scores = detector.score(photographs.images(places), photographs.fields_of_view(places)).own
                    found |= dict(zip((photographs.ids[place] for place in places), scores, strict=True))
                    shown.update(len(places))
    return found
