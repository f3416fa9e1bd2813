"""Columns of a user's table whose names are almost those that are read: their content must not be lost unnoticed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection

import pandas as pd

from fundus_anomaly.datasets.columns import MASK_PREFIX
from fundus_anomaly.errors import Problem

# What else people call a column, by the column that is read: words, in any case, with any signs between them.
_OTHER_NAMES = {
    "path": "image images file filename filepath imagepath imagefile imagename imagefilename img photo photograph",
    "split": "splits set subset partition dataset datasplit usage phase fold",
    "patient": "patients patientid patientno patientnr patientnumber patientcode patientname patientkey patientuid "
    "patientidentifier patid patno idpatient pid ptid subject subjects subjectid subjectno person personid participant "
    "participantid participants mrn individual individualid caseid probandid patienten patientennummer paciente",
    "eye": "eyes eyeside side laterality lateralitycode lateral odos osod eyelaterality whicheye lefteye righteye",
    "label": "labels class classes target targets diagnosis abnormality isabnormalabnormal disease "
    "diseased anomaly anomalous groundtruth gt y binarylabel",
    "grade": "grades grading level drgrade drlevel icdr icdrgrade severity drseverity stage drstage "
    "retinopathygrade retinopathylevel diagnosisgrade",
}
_TARGET = {other: column for column, names in _OTHER_NAMES.items() for other in names.split()}
_MASK_WORDS = re.compile(r"masks?|segmentations?|segm?|annotations?|lesionmasks?|maskpath|maskfile")
# Enough in any name: "anonymised_patient_id".
_PERSON_IDS = ("patientid", "patientno", "patientnumber", "patientcode", "subjectid", "personid", "participantid")
# In a longer name they may be about something else ("dme_grade"), so that it is only named.
_PARTS = {"grade": "grade", "icdr": "grade", "label": "label", "eye": "eye", "laterality": "eye"}
_LONG_NAMES = [name for name in _TARGET if len(name) > 7]
MASKS = f"{MASK_PREFIX}<lesion>"


def near_columns(
    where: str, table: pd.DataFrame, known: Collection[str], valid: Callable[[str, str], bool]
) -> tuple[list[Problem], list[str]]:
    """Return what is wrong with columns that nothing reads, and a sentence on each that may have been meant.

    A column that would lose patients, masks, splits, labels or grades is refused. It is only named where its cells
    could not be there, and where the side of the eye is lost, which no result depends on. Nothing is said of one
    that is empty, or that resembles a column which is there too.

    Args:
        where: The table, for errors.
        table: The table; names of columns are in lower case but for what follows ``mask_``.
        known: The columns that are read.
        valid: Says of a column that is read, or :data:`MASKS`, and a cell whether the cell is valid there.
    """
    problems, sentences = [], []
    for column in table.columns:
        cells = set(table[column]) - {""}
        meant = _meant(column, cells, valid) if cells and column not in known else ""
        named_in_part = not meant and bool(cells) and column not in known
        if named_in_part:
            meant = next((_PARTS[word] for word in _words(column) if word in _PARTS), "")
        if not meant or (meant in table.columns and (table[meant] != "").any()):
            continue
        if meant == "eye" or named_in_part or not all(valid(meant, cell) for cell in cells):
            sentences.append(f"{where}: nothing reads the column {column!r}; did you mean {meant!r}?")
            continue
        example = " and the lesion, such as 'mask_MA'" if meant == MASKS else ""
        remedy = f"name it {meant.partition('<')[0]!r}{example}, or give it a name that is unlike it, or remove it"
        found = f"a column {column!r}, which nothing reads"
        problems.append(Problem(f"{where}, header", found, f"did you mean {meant!r}?", remedy))
    return problems, sentences


def _meant(column: str, cells: Collection[str], valid: Callable[[str, str], bool]) -> str:
    """Return the column that another may have been meant for, or ``""``."""
    words = _words(column)
    plain = "".join(words)
    if any(_MASK_WORDS.fullmatch(word) for word in [plain, *words]):
        return MASKS
    meant = _TARGET.get(plain, plain if plain in _OTHER_NAMES else "")
    if not meant and any(name in plain for name in _PERSON_IDS):
        return "patient"
    if not meant:
        # Letters in another order are the commonest slip, and far apart by the measure.
        alike = [name for name in _OTHER_NAMES if sorted(name) == sorted(plain)]
        near = alike or difflib.get_close_matches(plain, _OTHER_NAMES, 1, 0.85)
        near = near or difflib.get_close_matches(plain, _LONG_NAMES, 1, 0.88)
        meant = _TARGET.get(near[0], near[0]) if near else ""
    if meant == "label" and not all(valid("label", cell) for cell in cells):
        return "grade" if all(valid("grade", cell) for cell in cells) else "label"
    return meant


def _words(column: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", column.casefold()) if word]
