"""docs/rule-graph.md shows the rules as they are planned."""

import pytest
import rule_graph

pytestmark = pytest.mark.workflow


def test_the_graph_in_the_documents_is_that_of_the_workflow():
    page = (rule_graph.ROOT / "docs" / "rule-graph.md").read_text(encoding="utf-8")
    assert page == rule_graph.page(rule_graph.planned()), "run make docs"
