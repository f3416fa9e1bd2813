"""What the audit found, as a list and as a table."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import pandas as pd

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.tables import read_results_table

SEVERITIES = ("error", "warning", "note")
# What a finding's detail ends with once the user has excluded what it was about.
SETTLED = "Resolved: excluded by data.exclude"
SCOPES = ("file", "images")
FINDING_COLUMNS = ("severity", "kind", "scope", "ids", "detail", "remedy", "exclude")


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        kind: What it is, in a few words; findings of one kind are shown together.
        severity: ``"error"`` stops the run, ``"warning"`` may change a result, ``"note"`` is good to know.
        ids: The images that it concerns, in the manifest's order.
        detail: What was found, as a sentence.
        remedy: What the user can do; ``""`` where nothing need be done.
        scope: ``"file"``: one file is defective, and ``on_bad_image: exclude`` may drop its image. ``"images"``: a
            relation between images, or a contradiction, that only the user can settle.
        exclude: The images whose exclusion settles it, as the remedy proposes; empty where nothing is proposed.
    """

    kind: str
    severity: str
    ids: tuple[str, ...]
    detail: str
    remedy: str = ""
    scope: str = "file"
    exclude: tuple[str, ...] = ()

    @property
    def advice(self) -> str:
        """What the user can do, with the ids where excluding images settles it; :func:`proposal` is for all of them."""
        return f"{self.remedy}: {', '.join(map(_quoted, self.exclude))}" if self.exclude else self.remedy

    def __post_init__(self):
        """Refuse a severity or a scope that does not exist."""
        if self.severity not in SEVERITIES or self.scope not in SCOPES:
            raise ValueError(f"severity {self.severity!r} of {SEVERITIES}, scope {self.scope!r} of {SCOPES}")


def exclude_line(ids: Iterable[str]) -> str:
    """Return the line of YAML that excludes images: a whole configuration file."""
    return f"data: {{exclude: [{', '.join(map(_quoted, ids))}]}}"


def proposal(findings: Iterable[Finding], excluded: Iterable[str]) -> tuple[str, str]:
    """Return how to exclude what findings propose, and the file to save for it; empty texts if they propose nothing.

    The line is no part of another file, where a second section ``data`` would drop the first. As the last file it
    replaces the list of all others, so that it repeats what is excluded already.

    Args:
        findings: The findings.
        excluded: Ids that the user excluded.
    """
    proposed = list(dict.fromkeys(name for finding in findings for name in finding.exclude))
    if not proposed:
        return "", ""
    what = f"{len(proposed)} images" if len(proposed) > 1 else "the image"
    how = (
        f"To resolve this by excluding {what}, save the following line as a separate file, such as exclude.yaml, and "
        "name it last after --configfile; it includes what is excluded already"
    )
    return how, exclude_line(dict.fromkeys([*excluded, *proposed]))


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def file_finding(
    kind: str, name: str, split: str, detail: str, excluded: Collection[str], sources: Collection[str] = ()
) -> Finding:
    """Return the finding of one file that cannot be used: an error, or a note where the image is not used anyway.

    An image that gives lesions to LesionPaste and is no part of the benchmark stops LesionPaste alone, at its bank: a
    warning.
    """
    if name in sources and (name in excluded or split not in ("train", "test")):
        remedy = "Replace the file, or name another annotated image in lesionpaste"
        return Finding(kind, "warning", (name,), f"{detail} It gives lesions: LesionPaste stops at it.", remedy)
    if name in excluded:
        return Finding(kind, "note", (name,), f"{detail} {SETTLED}.")
    if split == "unused":
        return Finding(kind, "note", (name,), f"{detail} The benchmark does not use this image.")
    remedy = "Replace the file, set on_bad_image: exclude, or exclude the image"
    return Finding(kind, "error", (name,), detail, remedy, exclude=(name,))


def findings_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """Return findings as a table of texts, one row each, the gravest first; ids are separated by blanks."""
    rows = [{name: getattr(finding, name) for name in FINDING_COLUMNS} for finding in findings]
    for row in rows:
        row |= {"ids": " ".join(row["ids"]), "exclude": " ".join(row["exclude"])}
    table = pd.DataFrame(rows, columns=list(FINDING_COLUMNS), dtype="str")
    return table.sort_values("severity", key=lambda column: column.map(SEVERITIES.index), kind="stable").reset_index(
        drop=True
    )


def findings_from(table: pd.DataFrame) -> list[Finding]:
    """Return the findings of a table that :func:`findings_table` made."""
    return [
        Finding(**row | {"ids": tuple(row["ids"].split()), "exclude": tuple(row["exclude"].split())})
        for row in table[list(FINDING_COLUMNS)].astype("str").to_dict("records")
    ]


def read_findings(path: str | os.PathLike[str]) -> list[Finding]:
    """Return the findings of a CSV file that was written from :func:`findings_table`.

    Raises:
        InputError: If it is no such table.
    """
    try:
        return findings_from(read_results_table(path, dict.fromkeys(FINDING_COLUMNS, "str")))
    except InputError:
        raise
    except ValueError as error:
        remedy = f"delete {path} and run the same command again; the workflow makes it again"
        raise InputError(Problem(str(path), str(error), "findings as they were written", remedy)) from error
