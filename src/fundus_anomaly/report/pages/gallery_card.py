"""A scored photograph as the pages show it: its figures, its side of the threshold, and what is wrong about that."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote

import numpy as np
import pandas as pd

from fundus_anomaly.quality.verdict import JUDGED, NOT_JUDGED, WITH_CARE
from fundus_anomaly.report.pages.gallery_files import FILES

ABOVE, BELOW = "above the threshold", "below the threshold"
MISSED, FALSE_ALARM = "missed", "false alarm"


class Finding(NamedTuple):
    """One scored photograph.

    Attributes:
        id: The image id.
        score: The image score.
        label: 1 abnormal, 0 normal, -1 unknown.
        grade: 0–4, or -1 where it is unknown.
        quality: Whether it can be judged, :mod:`..quality.verdict`. One that cannot be has no heat map and no place in
            the ranking, whatever its score.
        reason: Why not, or why with care.
        annotated: Whether its lesions are outlined.
        lesions: The types of lesion that are outlined in it.
        patient: Whose it is; no page says it.
        eye: ``"left"``, ``"right"``, or ``""`` where it is unknown.
    """

    id: str
    score: float
    label: int = -1
    grade: int = -1
    quality: str = JUDGED
    reason: str = ""
    annotated: bool = False
    lesions: tuple[str, ...] = ()
    patient: str = ""
    eye: str = ""


def findings_of(photographs: pd.DataFrame) -> list[Finding]:
    """Return photographs as the pages take them.

    Args:
        photographs: Index the id; ``score``, and those of the other fields of :class:`Finding` that are known.
    """
    known = photographs[[name for name in Finding._fields if name in photographs]]
    return [Finding(str(name), **row) for name, row in zip(known.index, known.to_dict("records"), strict=True)]


def normals_below(score: float, normals: np.ndarray) -> int:
    """Return how many of the held-out normals, ``(m,)`` sorted float, score lower."""
    return int(np.searchsorted(normals, score, side="left"))


def decision_of(finding: Finding, threshold: float) -> str:
    """Return on which side of the threshold a photograph is, or that it cannot be judged."""
    if finding.quality == NOT_JUDGED:
        return NOT_JUDGED
    return ABOVE if finding.score >= threshold else BELOW


def _kind(finding: Finding, threshold: float) -> str:
    """Return what is wrong about the side of the threshold, where the label is known."""
    wrong = {(1, BELOW): MISSED, (0, ABOVE): FALSE_ALARM}
    return wrong.get((finding.label, decision_of(finding, threshold)), "")


def card(
    finding: Finding, patient: int, normals: np.ndarray, threshold: float, written: Callable[[float], str]
) -> dict[str, object]:
    """Return a photograph's card as the template takes it.

    Args:
        finding: The photograph.
        patient: The number that its patient has on the pages.
        normals: ``(m,)`` sorted float, image scores of held-out normals.
        threshold: Image score at and above which a photograph counts as unlike the normals.
        written: How scores are written.
    """
    judged = finding.quality != NOT_JUDGED
    below = normals_below(finding.score, normals) if judged else 0
    addresses = {name: quote(file) for name, file in FILES.of(finding.id)._asdict().items()}
    return addresses | {
        "id": finding.id,
        "patient": patient,
        "eye": finding.eye,
        "lesions": " ".join(finding.lesions),
        "judged": judged,
        "truth": addresses["truth"] if finding.annotated else "",
        "label": label_of(finding) if finding.label >= 0 else "",
        "kind": _kind(finding, threshold),
        "decision": decision_of(finding, threshold),
        "quality": finding.quality,
        "reason": f"with care: {finding.reason}" if finding.quality == WITH_CARE else finding.reason,
        "value": repr(float(finding.score)) if judged else "-Infinity",
        "score": written(finding.score) if judged else "",
        "share": f"{100 * below / len(normals):.0f}" if len(normals) else "",
        "below": below,
        "normals": len(normals),
        "above": judged and finding.score >= threshold,
    }


def label_of(finding: Finding) -> str:
    """Return what is known of a photograph, in words."""
    words = {0: "normal", 1: "abnormal"}.get(finding.label, "unknown")
    return words + (f", grade {finding.grade}" if finding.label == 1 and finding.grade >= 0 else "")
