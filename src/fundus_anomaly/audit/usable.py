"""Whether a photograph can be used at all, from its facts alone."""

from __future__ import annotations

import pandas as pd

from fundus_anomaly.audit.perceptual_hash import BLANK_SPREAD


def usable(facts: pd.DataFrame) -> pd.Series:
    """Return which photographs were read whole and are not of one level everywhere, bool.

    Args:
        facts: Columns ``error_kind`` and ``level_spread`` of :data:`.inspect.PHOTOGRAPH_FACTS`.
    """
    return (facts["error_kind"] == "") & (facts["level_spread"] >= BLANK_SPREAD)
