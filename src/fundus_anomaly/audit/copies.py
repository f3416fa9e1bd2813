"""Which photographs the audit found to be copies of others."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from fundus_anomaly.audit.findings import Finding

# How the kinds of findings on copies begin (relations.py).
KINDS = ("identical photographs", "nearly identical photographs")


def copies_of(findings: Iterable[Finding], ids: Collection[str]) -> set[str]:
    """Return the photographs that are copies of some others, those themselves among them.

    Args:
        findings: All findings of the audit.
        ids: Ids of the others.
    """
    wanted = set(ids)
    groups = [set(finding.ids) for finding in findings if finding.kind.startswith(KINDS)]
    return wanted.union(*(group for group in groups if group & wanted))
