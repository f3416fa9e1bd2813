"""The audit's report: one HTML page that needs nothing else, and the tables in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from fundus_anomaly.audit.admission import EXCLUSION_COLUMNS, admit
from fundus_anomaly.audit.findings import SEVERITIES, Finding, proposal
from fundus_anomaly.datasets.official_counts import Count
from fundus_anomaly.errors import InputError
from fundus_anomaly.report.pages.page import render, shown_table

_LABELS = {0: "normal", 1: "abnormal", -1: "unknown"}
_TITLES = {"error": "Errors", "warning": "Warnings", "note": "Notes"}
_STOPPING = "These stop the run until the file is replaced or the image is excluded."
_LEFT_OUT = "These images are excluded from the run, as on_bad_image: exclude says."
_UNDECIDED = "These stop the run until they are corrected or excluded: on_bad_image concerns only single files."
_MEANING = {"warning": "These may change a result.", "note": "For information; nothing needs to be done."}
_REPLACE = "The image is excluded. To include it in the run, replace the file."
_UNNAMED = "The page audit/audit.html among the run's results names the images and patients that are counted here."
_CONTENT = """\
<main>
<h1>{{ title }}</h1>
<p class="soft">{{ photographs }} photographs and {{ masks }} masks were read.</p>
<p class="verdict">{{ verdict }}</p>
{% if unnamed %}<p class="soft">{{ unnamed }}</p>{% endif %}
<h2>Images</h2>
{{ parts.table(summary) }}
{% for setting, gone in left_out %}
<h2>Excluded by {{ setting }}</h2>
{{ parts.table(gone) }}
{% endfor %}
{% for section in sections %}
<h2>{{ section.title }}</h2>
<p class="soft">{{ section.meaning }}</p>
{% if section.counted %}{{ parts.table(section.counted) }}{% endif %}
{% for article in section.articles %}
<article class="{{ article.severity }}"><h3>{{ article.kind }}</h3><p>{{ article.detail }}</p>
{%- if article.remedy %}<p>{{ article.remedy }}{% if article.line %}: <code>{{ article.line }}</code>{% endif %}</p>
{%- endif -%}
{%- if article.ids %}<details>
<summary>{{ article.ids | length }} image{{ "s" if article.ids | length > 1 }}</summary><p>
{%- for name in article.ids %}{{ ", " if not loop.first }}<code>{{ name }}</code>{% endfor %}</p></details>{% endif -%}
</article>
{% endfor %}
{% if section.line %}<p>{{ section.how }}: <code>{{ section.line }}</code></p>{% endif %}
{% endfor %}
{% if counts %}<h2>Official numbers</h2>{{ parts.table(counts) }}{% endif %}
{% if notes %}<h2>About the files</h2><ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul>{% endif %}
{% for title, kinds in kinds_of_files %}<h2>{{ title }}</h2>{{ parts.table(kinds) }}{% endfor %}
</main>
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
    gone = []
    for setting, images in (
        ("data.exclude", manifest.loc[manifest["id"].isin(excluded), ["id", "split"]]),
        ("on_bad_image: exclude", left_out.loc[left_out["by"] == "audit", ["id", "split", "reason"]]),
    ):
        if len(images):
            shown = images if named else images.groupby("split").size().rename("images").reset_index()
            gone.append((setting, shown_table(shown)))
    rows = pd.DataFrame(
        [(count.part, count.official, count.found, count.found - count.official) for count in counts],
        columns=["part", "official", "found", "difference"],
    )
    files = (("Kinds of photographs", photograph_facts), ("Kinds of masks", mask_facts))
    return render(
        "audit",
        _CONTENT,
        f"Audit of {name}",
        photographs=len(photograph_facts),
        masks=masks,
        verdict=_verdict(numbers, left_out, stops),
        unnamed="" if named else _UNNAMED,
        summary=shown_table(summary_table(manifest)),
        left_out=gone,
        sections=[
            _section(*section, on_bad_image=on_bad_image, excluded=excluded, named=named)
            for section in _sections(findings, on_bad_image)
        ],
        counts=shown_table(rows, [count.differs for count in counts]) if counts else None,
        notes=list(notes) if named else [],
        kinds_of_files=[
            (title, shown_table(file_kinds(facts))) for title, facts in files if facts is not None and len(facts)
        ],
    )


def _section(
    title: str, meaning: str, findings: list[Finding], *, on_bad_image: str, excluded: Collection[str], named: bool
) -> dict[str, object]:
    """Return a part of the page as its template takes it: every finding, or how many there are of each kind."""
    how, line = proposal([finding for finding in findings if not _left_out(finding, on_bad_image)], excluded)
    return {
        "title": title,
        "meaning": meaning,
        "counted": None if named else shown_table(_counted(findings)),
        "articles": [_article(finding, on_bad_image) for finding in findings] if named else [],
        "how": how,
        "line": line if named else "",
    }


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
        return f"{found}The run continues without {images} cannot be used (on_bad_image: exclude)."
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


def _article(finding: Finding, on_bad_image: str) -> dict[str, object]:
    """Return one finding as the template takes it; the ids are folded away that its text does not name."""
    gone = _left_out(finding, on_bad_image)
    line = finding.advice.removeprefix(f"{finding.remedy}: ") if finding.exclude and not gone else ""
    return {
        "severity": finding.severity,
        "kind": finding.kind[:1].upper() + finding.kind[1:],
        "detail": finding.detail,
        "remedy": _REPLACE if gone else finding.remedy,
        "line": line,
        "ids": [name for name in finding.ids if name not in finding.detail],
    }
