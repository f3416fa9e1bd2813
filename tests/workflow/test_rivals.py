"""Table 3 of LesionPaste with the methods that it is compared with, those that learn from labels among them."""

import pandas as pd
import pytest
from tiny_project import edited

pytestmark = pytest.mark.workflow

METHODS = {"deep_if": "Deep-IF", "devnet": "DevNet", "supervised": "Supervised classifier"}


@pytest.fixture(scope="module")
def rivals(project):
    """The finished run with three rivals, DevNet of two trainings."""
    project.configure(
        {
            "data.phantom.labelled_patients": 2,
            "compared.tables": ["lesionpaste"],
            "compared.methods": list(METHODS),
            "compared.repeats_of_unstable": [0, 1],
            "methods.deep_if": {"trees": 5},
            "methods.devnet": {"anomalies": 2, "epochs": 2, "steps": 2, "batch": 4},
            "methods.supervised": {"epochs": 2, "batch": 4},
        }
    )
    project.run("rivals")
    return project


def test_each_has_its_row_beside_lesionpaste_and_its_control(rivals):
    table = pd.read_csv(rivals.results / "tables" / "rivals.csv")
    ours = table[(table["source"] == "this run") & (table["against"] == "all")]
    assert set(METHODS.values()) < set(ours["method"])
    # LesionPaste and two controls.
    assert ours["method"].nunique() == len(METHODS) + 3
    assert ours.loc[ours["method"] == "DevNet", "run"].tolist() == ["repeat~0", "repeat~1"]
    assert ours["auc"].between(0, 1).all()
    text = (rivals.results / "tables" / "rivals.md").read_text(encoding="utf-8")
    assert "## How the other methods were made" in text


def test_what_learns_from_labels_has_a_history_of_each_training(rivals):
    for method, trainings in (("devnet", 2), ("supervised", 1)):
        histories = sorted((rivals.results / "methods" / method).glob("*/*/history.csv"))
        assert [len(pd.read_csv(file)) for file in histories] == [2] * trainings


def test_a_finished_comparison_plans_nothing_and_another_line_of_a_method_reruns_it_alone(rivals):
    assert rivals.plan("rivals") == {}
    module = rivals.folder / "src" / "fundus_anomaly" / "methods" / "devnet.py"
    with edited(module, module.read_bytes() + b"\n# another line\n"):
        assert rivals.plan("rivals") == {"fit": 2, "apply": 2, "evaluate": 2, "table_rivals": 1}
