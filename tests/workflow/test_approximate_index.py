"""An approximate index is as good as its recall, which every table then tells."""

import re

import pytest

pytestmark = pytest.mark.workflow


def test_the_tables_of_an_approximate_index_tell_its_recall_and_those_of_the_exact_one_need_none(project):
    exact = (project.results / "tables/resad.md").read_text(encoding="utf-8")
    assert "index: flat, exact within float32 rounding;" in exact
    assert "Gaussian of σ = 4 pixels" in exact
    project.configure({"bank.index": "ivf", "bank.nlist": 8, "bank.nprobe": 1})
    project.run("all")
    for table in ("resad", "ablations"):
        text = (project.results / f"tables/{table}.md").read_text(encoding="utf-8")
        recall = re.search(
            r"index: ivf, approximate, 1 of 8 cells searched, recall of the rows at least ([0-9.]+);", text
        )
        assert recall, text
        assert 0.3 < float(recall[1]) <= 1
