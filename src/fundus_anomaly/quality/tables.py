"""Tables of photographs' quality: what was measured of each, what is said of it, and what normals are like."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import h5py
import pandas as pd

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.hdf5 import read_ids, read_texts
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.imaging.geometry import source_geometry
from fundus_anomaly.quality.limits import SIDES, Limits, Quartiles, quartiles_of
from fundus_anomaly.quality.shift import Light
from fundus_anomaly.quality.statistics import Statistics, statistics
from fundus_anomaly.quality.verdict import NOT_JUDGED, WITH_CARE, quality

MEASURED = Statistics._fields
_QUARTILES = ("first", "median", "third")
_SUMMARY = {"photographs": "int64", "with_care": "int64", "not_judged": "int64", "light": "str", "words": "str"}


def measure(images: h5py.File) -> pd.DataFrame:
    """Return the statistics of all photographs of a file that the rule ``images`` wrote: ``id`` and :data:`MEASURED`.

    Args:
        images: The open file; Graham's step has not been taken.
    """
    rows = []
    for number, (name, source) in enumerate(zip(read_ids(images), read_texts(images, "source"), strict=True)):
        view = images["field_of_view"][number].astype(bool)
        found = statistics(images["image"][number], view, *source_geometry(source))
        rows.append({"id": name} | found._asdict())
    return pd.DataFrame(rows, columns=["id", *MEASURED])


def quartiles_of_table(table: pd.DataFrame) -> dict[str, Quartiles]:
    """Return what normals are like: the quartiles of each statistic that limits are set for."""
    return quartiles_of({name: table[name].to_numpy() for name in SIDES if name in table})


def with_outcomes(table: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    """Return a table of :func:`measure` with what is said of each photograph: ``id``, ``quality``, ``reason``, ..."""
    found = [quality(Statistics(*row), limits) for row in table[list(MEASURED)].itertuples(index=False)]
    said = {"quality": [one.outcome for one in found], "reason": [one.reason for one in found]}
    return table[["id"]].assign(**said).join(table[list(MEASURED)])


def read_quality(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Return what :func:`with_outcomes` gave, index ``id``.

    Raises:
        InputError: If the file is not what was written.
    """
    texts = dict.fromkeys(("id", "quality", "reason"), "str")
    return read_results_table(path, texts | dict.fromkeys(MEASURED, "float64")).set_index("id")


def refused_of(said: pd.DataFrame) -> set[str]:
    """Return the ids of photographs that cannot be judged, of a table of :func:`read_quality`."""
    return set(said.index[said["quality"] == NOT_JUDGED])


def quartiles_table(quartiles: Mapping[str, Quartiles]) -> pd.DataFrame:
    """Return the quartiles as a table: ``statistic`` and one column each."""
    return pd.DataFrame([(name, *ends) for name, ends in quartiles.items()], columns=["statistic", *_QUARTILES])


def read_quartiles(path: str | os.PathLike[str]) -> dict[str, Quartiles]:
    """Return what :func:`quartiles_table` gave.

    Raises:
        InputError: If the file is not what was written.
    """
    table = read_results_table(path, {"statistic": "str"} | dict.fromkeys(_QUARTILES, "float64"))
    unknown = set(table["statistic"]) - SIDES.keys()
    if unknown:
        remedy = f"delete {path} and run the same command again; the workflow makes it again"
        raise InputError(Problem(str(path), f"statistics {sorted(unknown)}", f"some of {', '.join(SIDES)}", remedy))
    return {row.statistic: (row.first, row.median, row.third) for row in table.itertuples()}


def summary(outcomes: Sequence[str], light: Light) -> pd.DataFrame:
    """Return what is said of all photographs, one row: how many of each outcome, and the traffic light."""
    counts = pd.Series(list(outcomes), dtype="str").value_counts()
    row = {"photographs": len(outcomes), "with_care": counts.get(WITH_CARE, 0), "not_judged": counts.get(NOT_JUDGED, 0)}
    return pd.DataFrame([row | {"light": light.colour, "words": light.words}])


def read_summary(path: str | os.PathLike[str]) -> tuple[dict[str, int], Light]:
    """Return the counts and the light of :func:`summary`.

    Raises:
        InputError: If the file is not what was written.
    """
    row = read_results_table(path, _SUMMARY).iloc[0]
    counts = {name: int(row[name]) for name in ("photographs", "with_care", "not_judged")}
    return counts, Light(row["light"], row["words"])


def summary_in_words(counts: Mapping[str, int], light: Light) -> list[str]:
    """Return what :func:`read_summary` gave as lines of text; the light is left out where there is none."""
    said = f"{counts['photographs']} photographs, {counts['not_judged']} cannot be judged"
    said += f", {counts['with_care']} judged with care"
    return [said, f"{light.colour}: {light.words}."] if light.colour else [said]
