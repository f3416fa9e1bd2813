"""Photographs of one patient: known by a number that names nobody, and never on two pages."""

from __future__ import annotations

from collections.abc import Sequence

from fundus_anomaly.report.pages.gallery_card import Finding


def by_patient(ordered: Sequence[Finding]) -> list[list[Finding]]:
    """Return the photographs of each patient, the patient first whose photograph comes first.

    Args:
        ordered: Photographs; one without a patient is its own.
    """
    found: dict[tuple[bool, str], list[Finding]] = {}
    for finding in ordered:
        found.setdefault((bool(finding.patient), finding.patient or finding.id), []).append(finding)
    return list(found.values())


def paged(patients: Sequence[Sequence[Finding]], size: int) -> list[list[list[Finding]]]:
    """Return the patients of each page, in their order; one page at least.

    Args:
        patients: From :func:`by_patient`; one of more photographs than a page holds is divided.
        size: How many photographs a page holds at most.
    """
    found: list[list[list[Finding]]] = [[]]
    for photographs in patients:
        for start in range(0, len(photographs), size):
            part = list(photographs[start : start + size])
            if sum(map(len, found[-1])) + len(part) > size:
                found.append([])
            found[-1].append(part)
    return found
