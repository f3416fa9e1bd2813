"""The audit's report: one HTML page that needs nothing else, and the tables in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape

import pandas as pd

from ..datasets.official_counts import Count
from .findings import SEVERITIES, Finding

_LABELS = {0: "normal", 1: "abnormal", -1: "unknown"}
_TITLES = {"error": "Errors", "warning": "Warnings", "note": "Notes"}
_MEANING = {
    "error": "These stop the run until they are mended or excluded.",
    "warning": "These may change a result.",
    "note": "Good to know; nothing need be done.",
}
_STYLE = """
:root{color-scheme:light dark;--ink:#1f2933;--soft:#5f6c7b;--line:#dfe4ea;--page:#fbfbfa;--card:#fff;
--error:#b3261e;--warning:#9a6700;--note:#3b6ea5}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa6b2;--line:#343c46;--page:#161a1f;--card:#1d2228;
--error:#f2867f;--warning:#e0b252;--note:#8bb8e8}}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.7rem;font-weight:600;margin:0 0 .3rem}h2{font-size:1.2rem;font-weight:600;margin:2.4rem 0 .6rem}
p{margin:.3rem 0 .8rem}.soft{color:var(--soft)}.verdict{font-size:1.1rem}
table{border-collapse:collapse;width:100%;font-size:.93rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.4rem .8rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;color:var(--soft)}td.number,th.number{text-align:right}tr.differs td{color:var(--warning)}
.scroll{overflow-x:auto}
article{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--mark);border-radius:6px;
padding:.7rem 1rem;margin:.6rem 0;overflow-wrap:anywhere}
article h3{font-size:1rem;font-weight:600;margin:0;color:var(--mark)}article p{margin:.3rem 0}
.error{--mark:var(--error)}.warning{--mark:var(--warning)}.note{--mark:var(--note)}
code{font:.88em ui-monospace,monospace;background:var(--page);padding:.1em .3em;border-radius:3px}
summary{cursor:pointer;color:var(--soft)}li{overflow-wrap:anywhere}
"""


def summary_table(manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the numbers of images and patients by split, label and grade.

    Args:
        manifest: The rows to count, those of splits ``"unused"`` and ``"source"`` too if they are in it.

    Returns:
        Columns ``split``, ``label`` (normal, abnormal, unknown), ``grade`` (0–4, or unknown), ``images``, ``patients``.
    """
    order = {"train": 0, "test": 1, "unused": 2, "source": 3}
    groups = manifest.groupby(["split", "label", "grade"], sort=True)
    table = groups.agg(images=("id", "size"), patients=("patient", "nunique")).reset_index()
    table = table.sort_values("split", key=lambda names: names.map(order), kind="stable").reset_index(drop=True)
    table["label"] = table["label"].map(_LABELS)
    table["grade"] = [str(grade) if grade >= 0 else "unknown" for grade in table["grade"]]
    return table


def file_kinds(facts: pd.DataFrame) -> pd.DataFrame:
    """Return how many files there are of each format, mode, depth and size, the most frequent first.

    Args:
        facts: The facts of photographs or masks.
    """
    kinds = facts[facts["error_kind"] == ""].groupby(["format", "mode", "bits", "width", "height"], sort=True).size()
    table = kinds.rename("files").reset_index()
    return table.sort_values("files", ascending=False, kind="stable").reset_index(drop=True)


def page(
    name: str,
    manifest: pd.DataFrame,
    photograph_facts: pd.DataFrame,
    findings: Sequence[Finding],
    notes: Sequence[str],
    excluded: Collection[str],
    *,
    mask_facts: pd.DataFrame | None = None,
    counts: Sequence[Count] = (),
) -> str:
    """Return the report as one HTML page without scripts and without anything from elsewhere.

    Args:
        name: Name of the dataset.
        manifest: The rows that were audited.
        photograph_facts: Facts of the photographs.
        findings: All findings.
        notes: What the adapter noted.
        excluded: Ids that the user excluded.
        mask_facts: Facts of the masks, if there are any.
        counts: Official and found numbers of files.
    """
    masks = 0 if mask_facts is None else len(mask_facts)
    numbers = {grade: sum(finding.severity == grade for finding in findings) for grade in SEVERITIES}
    parts = [
        f"<h1>Audit of {escape(name)}</h1>",
        f'<p class="soft">{len(photograph_facts)} photographs and {masks} masks were read.</p>',
        f'<p class="verdict">{_verdict(numbers)}</p>',
        "<h2>Images</h2>",
        _table(summary_table(manifest)),
    ]
    if excluded:
        left_out = manifest[manifest["id"].isin(excluded)][["id", "split"]]
        parts += ["<h2>Left out by data.exclude</h2>", _table(left_out)]
    for severity in SEVERITIES:
        if numbers[severity]:
            parts += [f"<h2>{_TITLES[severity]}</h2>", f'<p class="soft">{_MEANING[severity]}</p>']
            parts += [_article(finding) for finding in findings if finding.severity == severity]
    if counts:
        rows = pd.DataFrame(
            [(count.part, count.official, count.found, count.found - count.official) for count in counts],
            columns=["part", "official", "found", "difference"],
        )
        parts += ["<h2>Official numbers</h2>", _table(rows, [count.differs for count in counts])]
    if notes:
        parts += ["<h2>About the files</h2>", "<ul>", *(f"<li>{escape(note)}</li>" for note in notes), "</ul>"]
    for title, facts in (("Kinds of photographs", photograph_facts), ("Kinds of masks", mask_facts)):
        if facts is not None and len(facts):
            parts += [f"<h2>{title}</h2>", _table(file_kinds(facts))]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Audit of {escape(name)}</title><style>{_STYLE}</style></head>\n"
        "<body><main>\n" + "\n".join(parts) + "\n</main></body></html>\n"
    )


def _verdict(numbers: dict[str, int]) -> str:
    """Return the outcome in one sentence."""
    words = [f"{count} {grade}{'' if count == 1 else 's'}" for grade, count in numbers.items() if count]
    if not words:
        return "Nothing was found."
    return f"{', '.join(words)}. {'The run stops here.' if numbers['error'] else 'Nothing stops the run.'}"


def _article(finding: Finding) -> str:
    """Return one finding; the ids are folded away where there are many."""
    kind = finding.kind[:1].upper() + finding.kind[1:]
    parts = [f'<article class="{finding.severity}"><h3>{escape(kind)}</h3>', f"<p>{escape(finding.detail)}</p>"]
    if finding.remedy:
        line = f": <code>{escape(finding.advice.removeprefix(f'{finding.remedy}: '))}</code>" if finding.exclude else ""
        parts.append(f"<p>{escape(finding.remedy)}{line}</p>")
    unsaid = [name for name in finding.ids if name not in finding.detail]
    if unsaid:
        names = ", ".join(f"<code>{escape(name)}</code>" for name in unsaid)
        number = f"{len(unsaid)} image{'' if len(unsaid) == 1 else 's'}"
        parts.append(f"<details><summary>{number}</summary><p>{names}</p></details>")
    return "".join(parts) + "</article>"


def _table(table: pd.DataFrame, differs: Sequence[bool] = ()) -> str:
    """Return a table, every cell escaped, numbers to the right."""
    kinds = [' class="number"' if pd.api.types.is_numeric_dtype(kind) else "" for kind in table.dtypes]
    head = "".join(f"<th{kind}>{escape(str(name))}</th>" for name, kind in zip(table.columns, kinds, strict=True))
    rows = []
    for place, row in enumerate(table.itertuples(index=False)):
        cells = "".join(f"<td{kind}>{escape(str(cell))}</td>" for cell, kind in zip(row, kinds, strict=True))
        marked = ' class="differs"' if place < len(differs) and differs[place] else ""
        rows.append(f"<tr{marked}>{cells}</tr>")
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
