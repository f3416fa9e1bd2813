"""The audit's report: one HTML page that needs nothing else, and the tables in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape

import pandas as pd

from fundus_anomaly.audit.admission import EXCLUSION_COLUMNS, admit
from fundus_anomaly.audit.findings import SEVERITIES, Finding, proposal
from fundus_anomaly.datasets.official_counts import Count
from fundus_anomaly.errors import InputError

_LABELS = {0: "normal", 1: "abnormal", -1: "unknown"}
_TITLES = {"error": "Errors", "warning": "Warnings", "note": "Notes"}
_STOPPING = "These stop the run until the file is replaced or the image is excluded."
_LEFT_OUT = "These images are left out of the run, as on_bad_image: exclude asks."
_UNDECIDED = "These stop the run until they are corrected or excluded: on_bad_image decides about single files alone."
_MEANING = {"warning": "These may change a result.", "note": "Good to know; nothing need be done."}
_REPLACE = "The image is left out. To have it in the run, replace the file."
_UNNAMED = "The page audit/audit.html among the run's results names the images and patients that are counted here."
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
    on_bad_image: str = "fail",
    named: bool = True,
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
        on_bad_image: ``"fail"`` or ``"exclude"``, what happens to files that cannot be used.
        named: Whether images, files and patients are named; False only counts them, for a page that is passed on.
    """
    masks = 0 if mask_facts is None else len(mask_facts)
    numbers = {grade: sum(finding.severity == grade for finding in findings) for grade in SEVERITIES}
    left_out, stops = _admitted(manifest, findings, on_bad_image, excluded)
    parts = [
        f"<h1>Audit of {escape(name)}</h1>",
        f'<p class="soft">{len(photograph_facts)} photographs and {masks} masks were read.</p>',
        f'<p class="verdict">{escape(_verdict(numbers, left_out, stops))}</p>',
        *([] if named else [f'<p class="soft">{_UNNAMED}</p>']),
        "<h2>Images</h2>",
        _table(summary_table(manifest)),
    ]
    for setting, gone in (
        ("data.exclude", manifest.loc[manifest["id"].isin(excluded), ["id", "split"]]),
        ("on_bad_image: exclude", left_out.loc[left_out["by"] == "audit", ["id", "split", "reason"]]),
    ):
        if len(gone):
            shown = gone if named else gone.groupby("split").size().rename("images").reset_index()
            parts += [f"<h2>Left out by {setting}</h2>", _table(shown)]
    for title, meaning, of_kind in _sections(findings, on_bad_image):
        parts += [f"<h2>{title}</h2>", f'<p class="soft">{meaning}</p>']
        parts += [_article(finding, on_bad_image) for finding in of_kind] if named else [_table(_counted(of_kind))]
        how, line = proposal([finding for finding in of_kind if not _left_out(finding, on_bad_image)], excluded)
        if line and named:
            parts.append(f"<p>{escape(how)}: <code>{escape(line)}</code></p>")
    if counts:
        rows = pd.DataFrame(
            [(count.part, count.official, count.found, count.found - count.official) for count in counts],
            columns=["part", "official", "found", "difference"],
        )
        parts += ["<h2>Official numbers</h2>", _table(rows, [count.differs for count in counts])]
    if notes and named:
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


def _admitted(
    manifest: pd.DataFrame, findings: Sequence[Finding], on_bad_image: str, excluded: Collection[str]
) -> tuple[pd.DataFrame, str]:
    """Return the images that the run leaves out, as :func:`.admission.admit` does, and what stops it, "" if nothing."""
    used = manifest[manifest["split"].isin(["train", "test"])]
    try:
        return admit(used, findings, on_bad_image, excluded), ""
    except InputError as error:
        gone = pd.DataFrame(columns=list(EXCLUSION_COLUMNS), dtype="str")
        errors = any(finding.severity == "error" for finding in findings)
        return gone, "The run stops here." if errors else f"The run stops here. {error}"


def _verdict(numbers: dict[str, int], left_out: pd.DataFrame, stops: str) -> str:
    """Return the outcome in one sentence or two."""
    words = [f"{count} {grade}{'' if count == 1 else 's'}" for grade, count in numbers.items() if count]
    found = f"{', '.join(words)}. " if words else "Nothing was found. "
    unusable = int((left_out["by"] == "audit").sum())
    if stops:
        return found + stops
    if unusable:
        images = "1 image that" if unusable == 1 else f"{unusable} images that"
        return f"{found}The run goes on without {images} cannot be used (on_bad_image: exclude)."
    return f"{found}Nothing stops the run." if words else found.strip()


def _sections(findings: Sequence[Finding], on_bad_image: str) -> list[tuple[str, str, list[Finding]]]:
    """Return title, meaning and findings of each part of the page that has findings, the gravest first."""
    sections = []
    for severity in SEVERITIES:
        of_kind = [finding for finding in findings if finding.severity == severity]
        if severity == "error" and on_bad_image == "exclude":
            undecided = [finding for finding in of_kind if finding.scope != "file"]
            files = [finding for finding in of_kind if finding.scope == "file"]
            sections += [("Errors", _UNDECIDED, undecided), ("Files that cannot be used", _LEFT_OUT, files)]
        else:
            sections.append((_TITLES[severity], _MEANING.get(severity, _STOPPING), of_kind))
    return [section for section in sections if section[2]]


def _counted(findings: Sequence[Finding]) -> pd.DataFrame:
    """Return how many findings of each kind there are, and how many images they concern."""
    kinds = list(dict.fromkeys(finding.kind for finding in findings))
    of_kind = [[finding for finding in findings if finding.kind == kind] for kind in kinds]
    images = [len({name for finding in group for name in finding.ids}) for group in of_kind]
    return pd.DataFrame({"finding": kinds, "times": [len(group) for group in of_kind], "images": images})


def _left_out(finding: Finding, on_bad_image: str) -> bool:
    """Return whether the run leaves the finding's images out by itself."""
    return finding.severity == "error" and finding.scope == "file" and on_bad_image == "exclude"


def _article(finding: Finding, on_bad_image: str) -> str:
    """Return one finding; the ids are folded away where there are many."""
    kind = finding.kind[:1].upper() + finding.kind[1:]
    parts = [f'<article class="{finding.severity}"><h3>{escape(kind)}</h3>', f"<p>{escape(finding.detail)}</p>"]
    if _left_out(finding, on_bad_image):
        parts.append(f"<p>{_REPLACE}</p>")
    elif finding.remedy:
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
