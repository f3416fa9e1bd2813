"""The adapters by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from fundus_anomaly.datasets import adam, eyeq, idrid, idrid_grading, mosmed, own, phantom
from fundus_anomaly.datasets.manifest import Dataset, checked
from fundus_anomaly.errors import InputError, Problem

NAMES = (phantom.NAME, idrid.NAME, idrid_grading.NAME, adam.NAME, eyeq.NAME, mosmed.NAME, own.NAME)


def load(
    name: str,
    settings: Mapping[str, object],
    root: str | os.PathLike[str],
    made: str | os.PathLike[str],
    seed: int,
    on_bad_image: str = "fail",
) -> Dataset:
    """Return a dataset by the name of its adapter, with its manifest checked.

    Reads names of files, label tables and headers of volumes, opens no image, and is fast enough to run whenever the
    workflow is parsed.

    Args:
        name: One of ``NAMES``.
        settings: The validated config values of that dataset; each adapter's ``load`` says which.
        root: The folder that holds the dataset; for ``phantom``, the folder into which its files are written.
        made: The folder into which the workflow cuts images from a dataset's volumes.
        seed: The seed of the configuration.
        on_bad_image: What becomes of images whose path no job can be given, see :func:`.manifest.checked`.

    Raises:
        InputError: For an unknown name, and for all that is missing or wrong in the dataset.
    """
    root = Path(root)
    if name == phantom.NAME:
        return checked(phantom.load(settings, root, seed), on_bad_image)
    if name == idrid.NAME:
        return checked(idrid.load(settings, root), on_bad_image)
    if name == idrid_grading.NAME:
        return checked(idrid_grading.load(settings, root), on_bad_image)
    if name == eyeq.NAME:
        return checked(eyeq.load(settings, root), on_bad_image)
    if name == adam.NAME:
        return checked(adam.load(settings, root, seed), on_bad_image)
    if name == mosmed.NAME:
        return checked(mosmed.load(settings, root, Path(made), seed), on_bad_image)
    if name == own.NAME:
        return checked(own.load(settings, root), on_bad_image)
    raise InputError(Problem("config, dataset", repr(name), ", ".join(NAMES), "name one of these datasets"))
