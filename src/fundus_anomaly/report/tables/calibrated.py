"""Rows of maps calibrated by position, in the tables of ReSAD."""

from __future__ import annotations

import pandas as pd

from fundus_anomaly.report.tables.variant import Variant


def calibrated_row(variant: Variant, metrics: pd.DataFrame, image_score: str) -> Variant:
    """Return the row of a variant's calibrated maps, which has image figures alone.

    Args:
        variant: The variant's own row, whose parameters are those of this one too.
        metrics: The long table of the calibrated maps.
        image_score: The image score of its figures, fixed before any test.
    """
    return Variant(calibrated_label(variant.label), variant.params, metrics, image_score)


def calibrated_label(label: str) -> str:
    """Return the name of a variant's calibrated row."""
    return f"{label}, calibrated"


def calibrated_note(image_score: str) -> str:
    """Return what a reader must know of these rows."""
    return (
        "Calibrated: the variant's own maps, each position less its mean in normals and in units of its standard "
        "deviation in them, both of normals of other patients where a normal is judged; no image of the test has part "
        f"in it. Image figures are those of the score “{image_score}”, fixed by the configuration before any test "
        "(calibration.image_score). There are no pixel figures: where normals vary little, as outside the field of "
        "view, z lifts what was low."
    )
