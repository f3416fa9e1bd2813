"""Facts as tables, and their way through CSV without a change of type."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from fundus_anomaly.datasets.columns import mask_column
from fundus_anomaly.files.tables import read_results_table

FILE_FACTS = {
    "path": "str",
    "bytes": "int64",
    "sha256": "str",
    "format": "str",
    "mode": "str",
    "bits": "int64",
    "width": "int64",
    "height": "int64",
    "frames": "int64",
    "larger_page": "str",
    "exif_orientation": "int64",
    "alpha": "int64",
    "colour_profile": "str",
    "error": "str",
    "error_kind": "str",
}
PHOTOGRAPH_FACTS = FILE_FACTS | {
    "highest_level": "float64",
    "white_level": "float64",
    "container_level": "float64",
    "perceptual_hash": "str",
    "level_mean": "float64",
    "level_spread": "float64",
}
MASK_FACTS = FILE_FACTS | {
    "values": "str",
    "value_count": "int64",
    "rule": "str",
    "lesion_pixels": "int64",
    "lesion_share": "float64",
}


def fact_table(keys: pd.DataFrame, facts: Sequence[Mapping[str, object]], names: Mapping[str, str]) -> pd.DataFrame:
    """Return facts as a table, one row a file.

    Args:
        keys: What the files belong to, in the order of the facts: column ``id``, for masks ``lesion`` too.
        facts: What :func:`.inspect.inspect_photograph` or :func:`.inspect.inspect_mask` returned.
        names: :data:`PHOTOGRAPH_FACTS` or :data:`MASK_FACTS`.
    """
    table = pd.DataFrame(list(facts), columns=list(names)).astype(dict(names))
    return pd.concat([keys.reset_index(drop=True).astype("str"), table], axis=1)


def mask_jobs(manifest: pd.DataFrame, lesions: Iterable[str]) -> pd.DataFrame:
    """Return the mask files of a manifest, columns ``id``, ``lesion`` and ``path``, in the order of images, lesions."""
    lesions = list(lesions)
    rows = [
        (name, lesion, path)
        for name, *paths in manifest[["id", *map(mask_column, lesions)]].itertuples(index=False)
        for lesion, path in zip(lesions, paths, strict=True)
        if path
    ]
    return pd.DataFrame(rows, columns=["id", "lesion", "path"], dtype="str")


def read_fact_files(paths: Iterable[str | os.PathLike[str]], names: Mapping[str, str]) -> pd.DataFrame | None:
    """Return the rows of several tables of :func:`read_facts`, or None of no table."""
    tables = [read_facts(path, names) for path in paths]
    return pd.concat(tables, ignore_index=True) if tables else None


def read_facts(path: str | os.PathLike[str], names: Mapping[str, str]) -> pd.DataFrame:
    """Return a fact table that was written with ``to_csv(index=False)``, with the same types.

    Args:
        path: The CSV file.
        names: :data:`PHOTOGRAPH_FACTS` or :data:`MASK_FACTS`.

    Raises:
        InputError: If it is no such table.
    """
    return read_results_table(path, {"id": "str"} | dict(names))
