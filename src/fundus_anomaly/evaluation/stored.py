"""The evaluation of a method from its files: its maps and image scores, and the photographs' masks."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain

import h5py
import numpy as np
import pandas as pd

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.evaluation.evaluate import Evaluation, HeldOutNormal, ScoredImage, Settings, evaluate
from fundus_anomaly.evaluation.score_bins import edges_of
from fundus_anomaly.files.hdf5 import open_h5, read_ids
from fundus_anomaly.imaging.lesion_truth import lesion_truth
from fundus_anomaly.progress import track
from fundus_anomaly.scoring.contract import FieldsOfView, open_maps, read_scores
from fundus_anomaly.scoring.map_files import map_of

File = str | os.PathLike[str]
Truth = Callable[[], Mapping[str, np.ndarray] | None]


def evaluate_stored(
    *,
    maps: File,
    scores: File,
    calibration_maps: File,
    calibration_scores: File,
    images: Sequence[File],
    train_images: File,
    masks: File | None,
    excluded: Collection[str],
    manifest: pd.DataFrame,
    lesions: Sequence[str],
    field_of_view_only: bool,
    pixels: bool,
    settings: Settings,
) -> Evaluation:
    """Return every figure of a method from its files, see :mod:`..scoring.contract` and :func:`.evaluate.evaluate`.

    Args:
        maps: Maps of the test images, or the file that says that their method gives none.
        scores: Their image scores.
        calibration_maps: Maps of the held-out normals.
        calibration_scores: Their image scores.
        images: Files with the test images as the rule ``images`` wrote them, at the size that maps are brought to.
        train_images: Likewise the images that the held-out normals are of.
        masks: The test images' lesions as the rule ``masks`` wrote them; None if there are none.
        excluded: Ids that take no part.
        manifest: Rows of the test images, see :func:`.evaluate.evaluate`.
        lesions: Names of the lesion types, in the order of the masks.
        field_of_view_only: Whether pixels outside the field of view are left out.
        pixels: Whether the maps, if there are any, have figures of pixels.
        settings: Of the evaluation.

    Raises:
        InputError: If a file is damaged, or they do not fit each other.
    """
    with ExitStack() as opened:
        tested, held_out = (opened.enter_context(open_maps(path)) for path in (maps, calibration_maps))
        if ("distance" in tested) != ("distance" in held_out):
            raise InputError(_of_two_kinds(maps, calibration_maps))
        photographs, normals = (
            FieldsOfView(*(opened.enter_context(open_h5(path, "field_of_view", "id")) for path in paths))
            if field_of_view_only
            else None
            for paths in (images, [train_images])
        )
        truths = {} if masks is None else _truths(opened.enter_context(open_h5(masks, "coverage", "id")), lesions)
        kept = [name for name in read_ids(tested) if name not in excluded]
        table = read_scores(scores)
        distances = [file["distance"] for file in (tested, held_out) if pixels and "distance" in file]
        return evaluate(
            _scored(tested, set(kept), truths, photographs, with_maps=bool(distances)),
            image_scores=table[table["id"].isin(kept)].reset_index(drop=True),
            manifest=manifest[manifest["id"].isin(kept)].reset_index(drop=True),
            lesions=lesions,
            edges=edges_of(chain.from_iterable(distances), sum(one.size for one in distances)) if distances else None,
            held_out_scores=read_scores(calibration_scores),
            held_out=_held_out(held_out, normals),
            settings=settings,
        )


def _scored(
    maps: h5py.File, kept: Collection[str], truths: Mapping[str, Truth], views: FieldsOfView | None, *, with_maps: bool
) -> Iterator[ScoredImage]:
    """Yield the test images with their score maps at image size, if they count, and their lesions."""
    for number, name in enumerate(track(read_ids(maps), len(maps["id"]), "evaluation")):
        if name in kept:
            map_ = map_of(maps, number) if with_maps else None
            view = None if views is None else views.of(name, None if map_ is None else map_.shape)
            yield ScoredImage(name, map_, truths.get(name, lambda: None)(), view)


def _truths(masks: h5py.File, lesions: Sequence[str]) -> dict[str, Truth]:
    """Return for each annotated image a function that reads its lesions, ``(S, S)`` bool each."""

    def reader(number: int) -> Truth:
        def read() -> dict[str, np.ndarray]:
            coverage = masks["coverage"][number]
            return {lesion: lesion_truth(one) for lesion, one in zip(lesions, coverage, strict=True) if one.any()}

        return read

    return {name: reader(number) for number, name in enumerate(read_ids(masks))}


def _held_out(maps: h5py.File, views: FieldsOfView | None) -> Iterator[HeldOutNormal]:
    """Yield the held-out normals with their score maps at image size."""
    for number, name in enumerate(read_ids(maps)):
        map_ = map_of(maps, number)
        yield HeldOutNormal(name, map_, None if views is None else views.of(name, map_.shape))


def _of_two_kinds(maps: File, calibration_maps: File) -> Problem:
    remedy = f"delete {maps} and {calibration_maps} and run the same command again; the workflow makes them again"
    found = "maps of test images or of held-out normals, and none of the others"
    return Problem(f"{maps}, {calibration_maps}", found, "maps in both files or in neither", remedy)
