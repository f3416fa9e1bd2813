"""What a program of your own needs: a detector from its file, and what it says of a photograph."""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np

from fundus_anomaly.device import device_for
from fundus_anomaly.imaging.preprocess import Preprocessed, preprocess
from fundus_anomaly.methods.resad.detector_file import read_resad
from fundus_anomaly.scoring.contract import margin_of
from fundus_anomaly.scoring.maps import anomaly_map, image_scores
from fundus_anomaly.scoring.thresholds import calibrate


class Found(NamedTuple):
    """What a detector says of one photograph.

    Attributes:
        score: The image score; the larger, the more abnormal.
        percentile: Share of the held-out normals, in percent, whose score is lower.
        unusual: Whether the score is at or above the calibrated threshold. Not a diagnosis.
        map: ``(S, S)`` float32, how far each pixel is from what normal photographs have there.
        image: ``(S, S, 3)`` uint8 RGB, the photograph as it was judged, in the place of the map.
        field_of_view: ``(S, S)`` bool, where the photograph shows the retina.
    """

    score: float
    percentile: float
    unusual: bool
    map: np.ndarray
    image: np.ndarray
    field_of_view: np.ndarray


class Detector:
    """ReSAD that has learned; from :func:`load`.

    Args:
        path: The detector's file.
        device: ``"cpu"`` or ``"cuda"``; the CPU where no GPU is found.
        threads: CPU threads, which torch then takes in this process.
    """

    def __init__(self, path: str | os.PathLike[str], device: str = "cpu", threads: int = 1):
        # The arithmetic of the workflow's rules, so that the scores are the same to the bit.
        device = device_for(int(device == "cuda"), threads)
        self._detector, self.normals, self.trained = read_resad(path, device=device, threads=threads)
        self.threshold = calibrate(self.normals, self.trained.normal_quantile).threshold

    def score(self, photograph: str | os.PathLike[str]) -> Found:
        """Return what the detector says of a photograph.

        Args:
            photograph: Its file.

        Raises:
            InputError: If the file cannot be decoded.
        """
        return self._judge(preprocess(photograph, **self.trained.preprocessing))

    def _judge(self, photograph: Preprocessed) -> Found:
        image, view = photograph.image, photograph.field_of_view
        distance = self._detector.score(image[None], view[None]).maps[0]
        map_ = anomaly_map(distance, image.shape[:2], self.trained.displacement)
        options = {name: value for name, value in self.trained.scoring.items() if name != "image_score"}
        scores = image_scores(map_, view, margin=margin_of(image.shape[:2], distance.shape), **options)
        score = scores[self.trained.scoring["image_score"]]
        below = 100 * float(np.searchsorted(self.normals, score) / len(self.normals))
        return Found(score, below, score >= self.threshold, map_, image, view)


def load(path: str | os.PathLike[str], *, device: str = "cpu", threads: int = 1) -> Detector:
    """Return the detector in a file that ``snakemake detector`` made.

    Args:
        path: The file, ``results/<dataset>/detector.h5`` or a copy of it.
        device: ``"cpu"`` or ``"cuda"``.
        threads: CPU threads.

    Raises:
        InputError: If the file is damaged or no detector.
    """
    return Detector(path, device, threads)
