"""Which annotated images a lesion bank is made of: they must have masks and stand outside of the benchmark."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from ..datasets.manifest import Dataset, mask_columns
from ..errors import Problem, raise_if_any


def source_rows(dataset: Dataset, images: Sequence[str]) -> pd.DataFrame:
    """Return the manifest's rows of annotated images that :func:`require_sources` let pass, in the order asked for."""
    return dataset.audited.set_index("id", drop=False).loc[list(images)].reset_index(drop=True)


def require_sources(dataset: Dataset, sets: Mapping[str, Sequence[str]], benchmark: Collection[str]) -> None:
    """Raise if an annotated image cannot give lesions.

    Args:
        dataset: The dataset that holds the images; those that its benchmark leaves out and those that the user
            excluded from it may give lesions.
        sets: Ids of annotated images by the configuration's key that names them.
        benchmark: Ids of the images that the run trains on or tests: none of them may give lesions.

    Raises:
        InputError: With every id that is unknown, has no lesion mask, or belongs to the benchmark.
    """
    table = dataset.audited.set_index("id", drop=False)
    raise_if_any(
        problem
        for key, images in sets.items()
        for problem in _unusable(table, dataset, images, benchmark, f"config, {key}")
    )


def _unusable(
    table: pd.DataFrame, dataset: Dataset, images: Sequence[str], benchmark: Collection[str], where: str
) -> list[Problem]:
    columns = mask_columns(dataset.lesions)
    problems = []
    for name in images:
        if name not in table.index:
            near = difflib.get_close_matches(name, list(table.index), n=3, cutoff=0.5)
            meant = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
            remedy = f"{meant}Correct the id; an empty lesionpaste.source.images leaves LesionPaste out of the run"
            problems.append(Problem(where, f"{name!r}, which {dataset.name} does not hold", "its ids", remedy))
        elif not columns or not (table.loc[name, columns] != "").any():
            remedy = "name an image with annotated lesions"
            problems.append(Problem(where, f"{name!r}, which has no lesion mask", "annotated images", remedy))
        elif name in benchmark:
            remedy = "leave the image out of the benchmark by data.exclude, or name another"
            problems.append(Problem(where, f"{name!r}, an image of the benchmark itself", "images outside", remedy))
    return problems


def source_key(images: Sequence[str]) -> str:
    """Return a folder name for a set of annotated images: the id of one, or the first with the number of others.

    The order does not matter to a reader but does to the draws, so that another order is another key.
    """
    first = images[0].replace("/", ".")
    if len(images) == 1:
        return first
    return f"{first}+{len(images) - 1}-{hashlib.sha256(chr(0).join(images).encode()).hexdigest()[:8]}"
