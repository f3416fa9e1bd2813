"""Photographs of one sitting, by the camera's clock: they take the place of patients where a dataset names none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

# In IDRiD's grading part, pairs up to three minutes apart show opposite eyes in more than nine cases of ten, later ones
# in half of them, as any two photographs do.
LONGEST_PAUSE = timedelta(seconds=180)
# IDRiD's sittings hold one or two photographs. A longer row was not taken of one patient: a program that converts files
# may write its own time into each.
MAX_PHOTOGRAPHS = 12


def sittings(times: Mapping[str, datetime]) -> dict[str, datetime]:
    """Return the time of the first photograph of each photograph's sitting, by id.

    A sitting lasts as long as each photograph is taken at most :data:`LONGEST_PAUSE` after the one before, so that
    the first and the last may lie further apart. Patients who follow each other within three minutes would count as
    one: then fewer patients are counted than there are, and intervals are rather too wide than too narrow.

    Args:
        times: When each photograph was taken, by id.

    Returns:
        The photographs of rows of more than :data:`MAX_PHOTOGRAPHS` are not in it: their times say nothing of
        patients.
    """
    rows: list[list[str]] = []
    last = datetime.min
    for name in sorted(times, key=lambda name: (times[name], name)):
        if rows and times[name] - last <= LONGEST_PAUSE:
            rows[-1].append(name)
        else:
            rows.append([name])
        last = times[name]
    return {name: times[row[0]] for row in rows if len(row) <= MAX_PHOTOGRAPHS for name in row}
