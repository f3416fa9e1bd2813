"""Findings from file names alone: images that no job can take, and files that look like data and are not read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from fundus_anomaly.audit.findings import Finding, file_finding


def named_findings(
    refused: Iterable[Mapping[str, str]], unread: Iterable[str], excluded: Collection[str] = ()
) -> list[Finding]:
    """Return an error for each image that is refused for its name, and a warning for what is not read.

    Args:
        refused: ``id``, ``split`` and ``reason`` of the images, as :class:`.datasets.refused.Refused` has them.
        unread: Sentences on files and columns, as :class:`.datasets.manifest.Dataset` has them.
        excluded: Ids that the user excluded.
    """
    errors = [
        file_finding("photograph: unusable name", image["id"], image["split"], f"{image['reason']}.", excluded)
        for image in refused
    ]
    remedy = "Rename, convert or move it if it belongs to the data"
    return errors + [Finding("not read", "warning", (), text, remedy) for text in unread]
