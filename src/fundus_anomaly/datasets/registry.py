"""The adapters by name."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path

from fundus_anomaly.datasets.manifest import Dataset, checked
from fundus_anomaly.datasets.place import Place
from fundus_anomaly.errors import InputError, Problem

# Each is a module of this folder with ``load(settings, place)``, imported when its dataset is asked for: one that reads
# volumes needs a library for them, which nobody else has to have.
ADAPTERS = {
    "phantom": "phantom",
    "idrid": "idrid",
    "idrid_grading": "idrid_grading",
    "adam": "adam",
    "eyeq": "eyeq",
    "mosmed": "mosmed",
    "images": "own",
}


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
        name: One of ``ADAPTERS``.
        settings: The validated config values of that dataset; each adapter's ``load`` says which.
        root: The folder that holds the dataset; for ``phantom``, the folder into which its files are written.
        made: The folder into which the workflow cuts images from a dataset's volumes.
        seed: The seed of the configuration.
        on_bad_image: What becomes of images whose path no job can be given, see :func:`.manifest.checked`.

    Raises:
        InputError: For an unknown name, and for all that is missing or wrong in the dataset.
    """
    if name not in ADAPTERS:
        raise InputError(Problem("config, dataset", repr(name), ", ".join(ADAPTERS), "name one of these datasets"))
    adapter = importlib.import_module(f"fundus_anomaly.datasets.{ADAPTERS[name]}")
    return checked(adapter.load(settings, Place(Path(root), Path(made), seed)), on_bad_image)
