"""Whether a file was made with this run's settings, data and library versions; any other is refused, never mixed in."""

from __future__ import annotations

import os
from collections.abc import Mapping

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.files.checksummed import read_checksum
from fundus_anomaly.files.provenance import Provenance, first_line, parse


def carried_by(path: str | os.PathLike[str]) -> Provenance | None:
    """Return what an output carries; None if it carries nothing that can be read.

    Raises:
        OSError: If an HDF5 file is missing or cannot be read.
    """
    return parse(first_line(path) if str(path).endswith(".h5") else read_checksum(path)[1])


def require_carried(expected: Mapping[str, str]) -> None:
    """Refuse files that were not made as expected: by other settings, from other data, or by other library versions.

    A damaged file passes: what reads it names the damage.

    Args:
        expected: By path, the identity that the file has to carry.

    Raises:
        InputError: With every such file.
    """
    raise_if_any(problem for path, wanted in expected.items() if (problem := _misfit(path, wanted)))


def _misfit(path: str, wanted: str) -> Problem | None:
    try:
        known = carried_by(path)
    except OSError:
        return None
    if known is not None and known.identity == wanted:
        return None
    found = (
        "no record of what made it"
        if known is None
        else f"a file made with other settings, data or library versions (identity {known.identity[:12]})"
    )
    allowed = f"what this run's settings, data and library versions make (identity {wanted[:12]})"
    return Problem(path, found, allowed, f"run the same command again; if that does not help, delete {path}")
