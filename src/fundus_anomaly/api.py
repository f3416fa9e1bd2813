"""The Python interface: load a detector from its file, and score a photograph."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fundus_anomaly.device import device_for
from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.imaging.geometry import source_geometry
from fundus_anomaly.imaging.graham import subtract_local_average
from fundus_anomaly.imaging.preprocess import Preprocessed, preprocess
from fundus_anomaly.methods.resad.detector_file import read_resad, require_detector
from fundus_anomaly.quality.statistics import Statistics, statistics
from fundus_anomaly.quality.verdict import Quality, quality
from fundus_anomaly.scoring.contract import margin_of
from fundus_anomaly.scoring.maps import anomaly_map, image_scores
from fundus_anomaly.scoring.thresholds import calibrate, p_values, percentiles
from fundus_anomaly.scoring.typical import typical_value


class Calibrated(NamedTuple):
    """What the map calibrated by position says: each place compared with that place in normal photographs.

    Attributes:
        score: Its image score; the larger, the more abnormal.
        percentile: Share of the held-out normals, in percent, whose score is lower.
        p_value: How rare such a score is among normals, never below 1 / (n + 1) of n.
        unusual: Whether the score is at or above the calibrated threshold. Not a diagnosis.
        map: ``(S, S)`` float32, how many standard deviations of normals each pixel lies above their mean.
    """

    score: float
    percentile: float
    p_value: float
    unusual: bool
    map: np.ndarray


class Found(NamedTuple):
    """What a detector says of one photograph.

    Attributes:
        score: The image score; the larger, the more abnormal.
        percentile: Share of the held-out normals, in percent, whose score is lower.
        unusual: Whether the score is at or above the calibrated threshold. Not a diagnosis.
        map: ``(S, S)`` float32, how far each pixel is from what normal photographs have there.
        image: ``(S, S, 3)`` uint8 RGB, the photograph as it was judged, in the place of the map.
        field_of_view: ``(S, S)`` bool, where the photograph shows the retina.
        calibrated: The same from the map calibrated by position.
        quality: Whether the photograph can be judged, and why not; the scores of what cannot be judged mean nothing.
        statistics: What was measured of it.
        typical: Median of the calibrated map within the field of view, away from its border.
    """

    score: float
    percentile: float
    unusual: bool
    map: np.ndarray
    image: np.ndarray
    field_of_view: np.ndarray
    calibrated: Calibrated
    quality: Quality
    statistics: Statistics
    typical: float


class Detector:
    """ReSAD that has learned; from :func:`load`.

    Args:
        path: The detector's file.
        device: ``"cpu"`` or ``"cuda"``; the CPU where no GPU is found.
        threads: CPU threads, which torch then takes in this process.

    Raises:
        InputError: If the file is missing or damaged, or no detector.
        TypeError: If ``path`` names no file, or ``threads`` is no whole number.
        ValueError: If there is no such device, or not one thread.
    """

    def __init__(self, path: str | os.PathLike[str], device: str = "cpu", threads: int = 1):
        _require_file_name(path, "a detector")
        if device not in ("cpu", "cuda"):
            raise ValueError(f"device must be 'cpu' or 'cuda', not {device!r}")
        if not isinstance(threads, int):
            raise TypeError(f"threads must be a whole number, not {threads!r}")
        if threads < 1:
            raise ValueError(f"threads must be at least 1, not {threads}")
        require_detector(path)
        # The arithmetic of the workflow's rules, so that the scores are the same to the bit.
        device = device_for(int(device == "cuda"), threads)
        self._detector, normals, self.trained = read_resad(path, device=device, threads=threads)
        self.normals, self.calibrated_normals = normals
        self.limits = self.trained.limits
        quantile = self.trained.normal_quantile
        self.threshold, self.calibrated_threshold = (calibrate(scores, quantile).threshold for scores in normals)

    def score(self, photograph: str | os.PathLike[str]) -> Found:
        """Return what the detector says of a photograph.

        Args:
            photograph: Its file.

        Raises:
            InputError: If the file is missing or cannot be decoded.
            TypeError: If ``photograph`` names no file, as an array does.
        """
        _require_file_name(photograph, "a photograph")
        if not Path(photograph).is_file():
            allowed, remedy = "a JPEG, PNG, TIFF or BMP image", "correct the path; an address has to be downloaded"
            raise InputError(Problem(str(photograph), "no file", allowed, remedy))
        # Graham's step takes away what quality is seen by.
        return self._judge(preprocess(photograph, **self.trained.preprocessing | {"graham": False}))

    def _judge(self, photograph: Preprocessed) -> Found:
        image, view = photograph.image, photograph.field_of_view
        measured = statistics(image, view, *source_geometry(photograph.source))
        if self.trained.preprocessing["graham"]:
            image = subtract_local_average(image, view)
        distance = self._detector.score(image[None], view[None]).maps[0]
        map_, score = self._scored(distance, view, "image_score")
        z_map, z_score = self._scored(self._detector.positions.calibrate(distance), view, "calibrated_score")
        p_value = float(p_values(np.array([z_score]), self.calibrated_normals)[0])
        below = float(percentiles(np.array([z_score]), self.calibrated_normals)[0])
        calibrated = Calibrated(z_score, below, p_value, z_score >= self.calibrated_threshold, z_map)
        said = quality(measured, self.limits)
        typical = typical_value(z_map, view, margin_of(view.shape, distance.shape))
        below, unusual = float(percentiles(np.array([score]), self.normals)[0]), score >= self.threshold
        return Found(score, below, unusual, map_, image, view, calibrated, said, measured, typical)

    def _scored(self, values: np.ndarray, view: np.ndarray, name: str) -> tuple[np.ndarray, float]:
        """Return a map at the photograph's size, and the image score of it that the detector goes by."""
        map_ = anomaly_map(values, view.shape, self.trained.displacement)
        chosen = ("image_score", "calibrated_score")
        options = {key: value for key, value in self.trained.scoring.items() if key not in chosen}
        scores = image_scores(map_, view, margin=margin_of(view.shape, values.shape), **options)
        return map_, scores[self.trained.scoring[name]]


def _require_file_name(name: object, what: str) -> None:
    """Raise if a caller gave something else than the name of a file."""
    if not isinstance(name, str | os.PathLike):
        raise TypeError(f"{what} is given by the name of its file (str or os.PathLike), not by {type(name).__name__}")


def load(path: str | os.PathLike[str], *, device: str = "cpu", threads: int = 1) -> Detector:
    """Return the detector in a file that ``snakemake detector`` made.

    Args:
        path: The file, ``results/<dataset>/detector.h5`` or a copy of it.
        device: ``"cpu"`` or ``"cuda"``.
        threads: CPU threads.

    Raises:
        InputError: If the file is missing or damaged, or no detector.
        TypeError: If an argument is of another type.
        ValueError: If there is no such device, or not one thread.
    """
    return Detector(path, device, threads)
