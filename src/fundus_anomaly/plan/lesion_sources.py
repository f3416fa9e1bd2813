"""Which annotated images a lesion bank is made of: they have masks, and patients outside of the benchmark."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from fundus_anomaly.datasets.columns import COLUMNS, NO_FOLD
from fundus_anomaly.datasets.manifest import Dataset, mask_columns
from fundus_anomaly.datasets.patients import person
from fundus_anomaly.errors import Problem, raise_if_any

# The split of annotated images that come from another dataset than the run's own.
SOURCE = "source"
_SHOWN = 20


def source_rows(dataset: Dataset, images: Sequence[str]) -> pd.DataFrame:
    """Return the manifest's rows of annotated images that :func:`require_sources` let pass, in the order asked for."""
    return dataset.audited.set_index("id", drop=False).loc[list(images)].reset_index(drop=True)


def require_sources(
    dataset: Dataset,
    sets: Mapping[str, Sequence[str]],
    benchmark: Collection[str],
    patients: Mapping[str, str] | None = None,
) -> None:
    """Raise if an annotated image cannot give lesions.

    Lesions of a patient whose images are tested, or trained on as normal, would be known to the classifier before the
    test. Copies under other names are the audit's to find.

    Args:
        dataset: The dataset that holds the images; those that its benchmark leaves out and those that the user
            excluded from it may give lesions.
        sets: Ids of annotated images by the configuration's key that names them.
        benchmark: Ids of the images that the run trains on or tests: neither they nor others of their patients may
            give lesions.
        patients: The patient of each image of the benchmark, by id; None takes them from ``dataset``, as far as it
            holds these images.

    Raises:
        InputError: With every id that is unknown, has no lesion mask, or belongs to the benchmark or to a patient of
            it.
    """
    table = dataset.audited.set_index("id", drop=False)
    patient_of = dict(table["patient"]) if patients is None else patients
    tested: dict[str, list[str]] = {}
    for name in benchmark:
        if name in patient_of:
            tested.setdefault(person(patient_of[name]), []).append(name)
    raise_if_any(
        problem
        for key, images in sets.items()
        for problem in _unusable(table, dataset, images, benchmark, tested, f"config, {key}")
    )


def _unusable(
    table: pd.DataFrame,
    dataset: Dataset,
    images: Sequence[str],
    benchmark: Collection[str],
    tested: Mapping[str, Sequence[str]],
    where: str,
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
            remedy = "exclude the image from the benchmark by data.exclude, or name another"
            problems.append(Problem(where, f"{name!r}, an image of the benchmark itself", "images outside", remedy))
        elif person(table.loc[name, "patient"]) in tested:
            patient = table.loc[name, "patient"]
            images = _first(sorted(tested[person(patient)]))
            found = f"{name!r}, of patient {patient!r}, who is in the benchmark too ({images})"
            remedy = (
                "name an image of another patient, exclude this patient from the benchmark by data.exclude, or give "
                "two people two names"
            )
            problems.append(Problem(where, found, "patients outside", remedy))
    return problems


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def audited_sources(dataset: Dataset, images: Collection[str], own: bool, columns: Sequence[str]) -> pd.DataFrame:
    """Return the annotated images as the audit reads them beside the benchmark's, in the order of the dataset.

    Args:
        dataset: The dataset that holds the images.
        images: Ids of annotated images; those that the dataset does not hold are left to :func:`require_sources`.
        own: Whether it is the run's own dataset, whose images the audit reads anyway.
        columns: The columns of the run's manifest. Masks of another dataset are not among them: the lesion bank's own
            reading holds them against their photograph.

    Returns:
        Those columns. Images of another dataset have split ``"source"``, and ids that begin with ``source/``: both
        datasets may use the same ones.
    """
    table = dataset.audited[dataset.audited["id"].isin(set(images))].reset_index(drop=True)
    if own:
        return table
    foreign = table.reindex(columns=list(COLUMNS)).assign(id=SOURCE + "/" + table["id"], split=SOURCE, fold=NO_FOLD)
    unknown = table["patient"] == table["id"]
    foreign["patient"] = foreign["patient"].mask(unknown, foreign["id"])
    return foreign.reindex(columns=list(columns), fill_value="")


def source_key(images: Sequence[str]) -> str:
    """Return a folder name for a set of annotated images: the id of one, or the first with the number of others.

    The order does not matter to a reader but does to the draws, so that another order is another key. A point in an id
    would be taken for a slash: a digest distinguishes the two.
    """
    first = images[0].replace("/", ".")
    digest = hashlib.sha256(chr(0).join(images).encode()).hexdigest()[:8]
    if len(images) > 1:
        return f"{first}+{len(images) - 1}-{digest}"
    return f"{first}-{digest}" if "." in images[0] else first
