"""What a job took, from the file that Snakemake's ``benchmark`` wrote of it."""

from __future__ import annotations

import os

import pandas as pd


def read_benchmark(path: str | os.PathLike[str]) -> dict[str, float]:
    """Return ``s``, the seconds that a job took, and ``max_rss``, the most MB of memory; NaN where a job was too short.

    Args:
        path: The file, which need not be there: it is no result.

    Returns:
        Nothing where there is no such file, or another.
    """
    try:
        table = pd.read_csv(path, sep="\t")
        return {name: float(pd.to_numeric(table[name], errors="coerce").iloc[-1]) for name in ("s", "max_rss")}
    except (OSError, ValueError, KeyError, IndexError):
        return {}
