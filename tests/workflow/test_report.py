"""Snakemake's report of a finished run holds its tables, its figures and their captions."""

import json
import re

import pytest

pytestmark = pytest.mark.workflow

PARTS = [
    "tables/resad.csv",
    "tables/resad.html",
    "tables/operating_points.html",
    "tables/froc.csv",
    "tables/froc.html",
    "tables/ablations.csv",
    "tables/ablations.html",
    "tables/lesionpaste_3.csv",
    "tables/lesionpaste_3.html",
    "figures/qualitative.html",
    "figures/curves.html",
    "figures/misses.html",
    "figures/effective_neighbours.html",
    "audit/summary.html",
]


def test_the_report_holds_tables_figures_and_captions_with_nothing_left_to_fill_in(project):
    project.run("--report", "report.html")
    page = (project.folder / "report.html").read_text(encoding="utf-8")
    for part in PARTS:
        assert part.rsplit("/", 1)[-1] in page, part
    for caption in ("Tables 1 and 2 of the ReSAD paper", "Table 3 of the ReSAD paper", "The worst misses of ReSAD"):
        assert caption in page, caption
    entries, categories = (
        json.loads(re.search(rf"var {name} = (\{{\".*\}});?\n", page)[1]) for name in ("results", "categories")
    )
    assert len(entries) >= len(PARTS)
    assert all(entry["labels"] for entry in entries.values())
    # A picture higher than the window cannot be scrolled to in the report: every figure is a page.
    assert not [name for name, entry in entries.items() if entry["mime_type"].startswith("image/")]
    assert sum("figure" in entry["labels"] for entry in entries.values()) >= 8
    for entry in entries.values():
        printed = entry["job_properties"]["params"]
        assert "phantom/test/" not in printed and str(project.folder) not in printed
        assert len(printed) < 3000, printed
    assert set(categories) == {"Data", "Tables", "Figures"}
    for unfilled in ("{{ snakemake", "{%- if snakemake"):
        assert unfilled not in page
