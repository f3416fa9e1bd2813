"""How well distance maps tell lesioned copies of held-out normals from these normals, and lesions from what is around.

Every map is made without entries of the own patient, and calibrated by normals of other patients: a normal and its
copies are as unseen as a test's photographs are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import h5py
import numpy as np
import pandas as pd

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.evaluation.evaluate import ScoredImage, Settings, evaluate
from fundus_anomaly.evaluation.score_bins import edges_of
from fundus_anomaly.files.hdf5 import read_ids, read_texts
from fundus_anomaly.imaging.lesion_truth import lesion_truth
from fundus_anomaly.progress import track
from fundus_anomaly.scoring.by_position import NormalMaps, Options
from fundus_anomaly.scoring.contract import FieldsOfView, margin_of
from fundus_anomaly.scoring.map_files import displacement_of, map_of
from fundus_anomaly.scoring.maps import anomaly_map, image_scores

CALIBRATED = "calibrated_"
"""What the names of image scores of maps calibrated by position begin with."""


class Lesioned:
    """Held-out normals, their lesioned copies, and the distance maps of both; all files stay open.

    Args:
        normals: Maps of the held-out normals, as :mod:`..scoring.contract` has them.
        copies: Maps of the lesioned copies, likewise.
        images: The copies, with ``field_of_view``, ``id`` and ``normal``.
        train_images: The normals, with ``field_of_view`` and ``id``.
        masks: ``coverage`` of the copies, with the attribute ``lesions``.
        patient_of: The patient of each normal by id.

    Raises:
        InputError: If a normal that was copied has no map.
    """

    def __init__(
        self,
        normals: h5py.File,
        copies: h5py.File,
        images: h5py.File,
        train_images: h5py.File,
        masks: h5py.File,
        patient_of: Mapping[str, str],
    ):
        self._normals, self._copies, self._masks = normals, copies, masks
        self._views = FieldsOfView(images, train_images)
        self._patient_of = patient_of
        self._place = {name: number for number, name in enumerate(read_ids(normals))}
        self._normal_of = dict(zip(read_ids(images), read_texts(images, "normal"), strict=True))
        self._names = read_ids(copies)
        self.lesions = [str(kind) for kind in masks.attrs["lesions"]]
        remedy = f"delete {normals.filename} and run the same command again; the workflow makes it again"
        raise_if_any(
            Problem(normals.filename, f"no map of {name}, which has lesioned copies", "the map of each", remedy)
            for name in self._copied
            if name not in self._place
        )

    @property
    def _copied(self) -> list[str]:
        return list(dict.fromkeys(self._normal_of[name] for name in self._names))

    def manifest(self) -> pd.DataFrame:
        """Return ``id``, ``label`` (0 a normal, 1 a copy) and ``patient``, the normals first."""
        normals = self._copied
        owners = [self._patient_of[name] for name in [*normals, *(self._normal_of[name] for name in self._names)]]
        labels = [0] * len(normals) + [1] * len(self._names)
        return pd.DataFrame({"id": [*normals, *self._names], "label": labels, "patient": owners})

    def maps(self) -> Iterator[np.ndarray]:
        """Yield D of all of the manifest, ``(h, w)`` float32."""
        yield from (self._normals["distance"][self._place[name]] for name in self._copied)
        yield from self._copies["distance"]

    def scores(self, calibration: Options, scores: Mapping[str, float]) -> pd.DataFrame:
        """Return ``id``, every image score, and every one of the maps calibrated by position, of all of the manifest.

        Args:
            calibration: How μ and σ are estimated: of all held-out normals but those of the own patient.
            scores: Options of :func:`..scoring.maps.image_scores`.

        Raises:
            InputError: As :class:`..scoring.by_position.NormalMaps`.
        """
        held_out = list(self._place)
        patients = [self._patient_of[name] for name in held_out]
        normal_maps = NormalMaps(self._normals["distance"], held_out, patients, calibration)
        table = self.manifest()
        rows, known = [], ("", None)
        for name, patient, distance in track(
            zip(table["id"], table["patient"], self.maps(), strict=True), len(table), "scores"
        ):
            if known[0] != patient:
                known = (patient, normal_maps.without(patient))
            plain, calibrated = self._scores(name, distance, scores), known[1].calibrate(distance)
            of_z = {f"{CALIBRATED}{score}": value for score, value in self._scores(name, calibrated, scores).items()}
            rows.append({"id": name} | plain | of_z)
        return pd.DataFrame(rows)

    def _scores(self, name: str, map_: np.ndarray, options: Mapping[str, float]) -> dict[str, float]:
        size = tuple(int(side) for side in self._normals.attrs["image_size"])
        shown = anomaly_map(map_, size, displacement_of(self._normals))
        return image_scores(shown, self._views.of(name, size), margin=margin_of(size, map_.shape), **options)

    def scored(self, field_of_view_only: bool) -> Iterator[ScoredImage]:
        """Yield all of the manifest with score maps at image size, D as it is, and exact lesions.

        Args:
            field_of_view_only: Whether pixels outside the field of view are left out.
        """
        places = {name: number for number, name in enumerate(read_ids(self._masks))}
        for name in self._copied:
            yield self._scored(name, map_of(self._normals, self._place[name]), {}, field_of_view_only)
        for number, name in enumerate(self._names):
            coverage = self._masks["coverage"][places[name]]
            pairs = zip(self.lesions, coverage, strict=True)
            truth = {lesion: lesion_truth(one) for lesion, one in pairs if one.any()}
            yield self._scored(name, map_of(self._copies, number), truth, field_of_view_only)

    def _scored(
        self, name: str, map_: np.ndarray, truth: Mapping[str, np.ndarray], field_of_view_only: bool
    ) -> ScoredImage:
        return ScoredImage(name, map_, truth, self._views.of(name, map_.shape) if field_of_view_only else None)


def evaluate_lesioned(
    lesioned: Lesioned, scores: pd.DataFrame, settings: Settings, *, field_of_view_only: bool
) -> pd.DataFrame:
    """Return the long table of figures of normals against their copies, columns as :class:`.rows.Row`.

    A patient's normal and copies are no independent images: intervals are over patients (Obuchowski 1997).

    Args:
        lesioned: The maps.
        scores: From :meth:`Lesioned.scores`.
        settings: Of the evaluation; no threshold is calibrated here.
        field_of_view_only: Whether pixels outside the field of view are left out.
    """
    positions = sum(one.size for one in lesioned.maps())
    return evaluate(
        lesioned.scored(field_of_view_only),
        scores,
        lesioned.manifest(),
        lesioned.lesions,
        edges_of(lesioned.maps(), positions),
        None,
        [],
        settings,
    ).rows
