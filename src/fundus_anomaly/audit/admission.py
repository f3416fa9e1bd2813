"""Which images take part after the audit."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from fundus_anomaly.audit.findings import SETTLED, Finding, proposal
from fundus_anomaly.errors import InputError, Problem

ON_BAD_IMAGE = ("fail", "exclude")
EXCLUSION_COLUMNS = ("id", "split", "by", "reason")
_ALLOWED = {"file": "readable files that fit together", "images": "images that do not contradict each other"}


def admit(
    manifest: pd.DataFrame, findings: Iterable[Finding], on_bad_image: str, excluded: Iterable[str] = ()
) -> pd.DataFrame:
    """Return the images that are left out, with the reason for each, or raise with all errors.

    Defects of single files are dropped where ``on_bad_image`` is ``"exclude"``. Relations between images are never
    decided here: which of two contradictory labels is right is for the user to say, by ``data.exclude``.

    Args:
        manifest: The benchmark's rows, those of the excluded images included.
        findings: All findings, computed with the same ``excluded``.
        on_bad_image: ``"fail"`` or ``"exclude"``.
        excluded: Ids that the user excluded.

    Returns:
        One row for each image that is left out, in the manifest's order: ``id``, ``split``, ``by`` (``"user"`` or
        ``"audit"``) and ``reason`` (text).

    Raises:
        InputError: With every error that remains and what to do about each; also if a split would become empty.
    """
    findings, excluded = list(findings), list(dict.fromkeys(excluded))
    reasons: dict[str, tuple[str, str]] = {}
    for name in excluded:
        details = [finding.detail for finding in findings if name in finding.ids and finding.scope == "images"]
        details += [finding.detail for finding in findings if finding.ids == (name,) and finding.scope == "file"]
        details = [detail.partition(f" {SETTLED}")[0] for detail in details]
        reasons[name] = ("user", " ".join(["Named in data.exclude.", *dict.fromkeys(details)]))
    errors = [finding for finding in findings if finding.severity == "error"]
    if on_bad_image == "exclude":
        for finding in errors:
            if finding.scope == "file":
                for name in finding.ids:
                    by, reason = reasons.get(name, ("audit", ""))
                    reasons[name] = (by, f"{reason} {finding.kind.capitalize()}. {finding.detail}".strip())
        errors = [finding for finding in errors if finding.scope != "file"]
    problems = [
        Problem(
            f"{finding.kind}, {_listed(finding.ids)}",
            finding.detail.rstrip("."),
            _ALLOWED[finding.scope],
            finding.advice,
        )
        for finding in errors
    ]
    advice = ": ".join(filter(None, proposal(errors, excluded)))
    left = manifest[~manifest["id"].isin(reasons)]
    for split in ("train", "test"):
        if (manifest["split"] == split).any() and not (left["split"] == split).any():
            remedy = "replace the files that were excluded"
            problems.append(Problem(f"split {split!r}", "no usable image", "at least one", remedy))
    if problems:
        raise InputError(problems, advice)
    gone = manifest[manifest["id"].isin(reasons)]
    rows = [(row.id, row.split, *reasons[row.id]) for row in gone.itertuples(index=False)]
    return pd.DataFrame(rows, columns=list(EXCLUSION_COLUMNS), dtype="str")


def _listed(ids: tuple[str, ...]) -> str:
    return ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
