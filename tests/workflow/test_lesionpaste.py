"""LesionPaste from an annotated photograph to its table, through the real workflow."""

import pandas as pd
import pytest
import torch
from interruption import interrupted

pytestmark = pytest.mark.workflow

TINY_TRAINING = {
    "lesionpaste.preprocessing": {"size": 64},
    "lesionpaste.network": {"name": "efficientnet_lite0"},
    "lesionpaste.training": {"epochs": 2, "batch": 4, "validation": 0.4},
    "lesionpaste.repeats": [0, 1],
    "lesionpaste.rows": [{"name": "LesionPaste w.o. MixUp", "mixup": [1, 1]}],
}
ROWS = {"LesionPaste", "LesionPaste w.o. MixUp", "control: twins without lesions"}


@pytest.fixture(scope="module")
def trained(project):
    project.configure(TINY_TRAINING)
    project.run("lesionpaste")
    return project


def test_the_table_holds_every_row_and_repeat_and_the_control(trained):
    table = pd.read_csv(trained.results / "tables/lesionpaste_3.csv")
    assert set(table["method"]) == ROWS
    assert table.groupby("method")["run"].nunique().eq(2).all()
    assert table.loc[table["against"] == "all", "auc"].between(0, 1).all()
    text = (trained.results / "tables/lesionpaste_3.md").read_text(encoding="utf-8")
    assert "lesions of: phantom/source/0000_right" in text
    assert " ± " in text
    for picture in ("figures/twins.png", "figures/learning_curves_3.png", "figures/gradcam.png"):
        assert (trained.results / picture).stat().st_size > 10_000
    assert trained.one("lesion_bank/*/lesions.png").stat().st_size > 10_000


def test_a_finished_training_plans_nothing_and_leaves_no_checkpoint(trained):
    assert trained.plan("lesionpaste") == {}
    assert not list(trained.results.glob("**/training.checkpoint.pt"))


def test_a_killed_training_resumes_to_the_same_weights(trained, tmp_path):
    file = trained.one("lesionpaste/*/as_configured/repeat~0/classifier.pt")
    target = str(file.relative_to(trained.folder))
    before = torch.load(file, weights_only=True)
    file.unlink()
    # A missing file between finished ones is made again only if it is asked for; then what follows it is.
    killed = trained.snakemake(target, **interrupted(tmp_path, "train", "kill"))
    assert killed.returncode != 0
    assert not file.exists()
    assert file.with_name("training.checkpoint.pt").exists()
    trained.run(target)
    assert "resuming after epoch 1" in trained.one("logs/train/*/as_configured/repeat~0.log").read_text()
    trained.run("lesionpaste")
    after = torch.load(file, weights_only=True)
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"lesionpaste.mixup": [0.7, 0.7]},
            {
                "train": 4,
                "classify": 4,
                "evaluate": 4,
                "table_lesionpaste": 1,
                "figure_learning_curves": 1,
                "figure_twins": 1,
                "figure_gradcam": 1,
            },
        ),
        (
            {"lesionpaste.control": False},
            {"table_lesionpaste": 1, "figure_learning_curves": 1},
        ),
        (
            {
                "lesionpaste.rows": [
                    {"name": "LesionPaste w.o. MixUp", "mixup": [1, 1]},
                    {"name": "λ = .7", "mixup": [0.7, 0.7]},
                ]
            },
            {"train": 2, "classify": 2, "evaluate": 2, "table_lesionpaste": 1, "figure_learning_curves": 1},
        ),
        (
            {"lesionpaste.repeats": [0, 1, 2]},
            {"train": 3, "classify": 3, "evaluate": 3, "table_lesionpaste": 1, "figure_learning_curves": 1},
        ),
    ],
    ids=["mixup", "no control", "another row", "another repeat"],
)
def test_a_config_value_trains_what_it_reaches_and_no_more(trained, changes, expected):
    try:
        trained.configure(TINY_TRAINING | changes)
        assert trained.plan("lesionpaste") == expected
    finally:
        trained.configure(TINY_TRAINING)


def test_without_an_annotated_image_the_target_says_which_key_is_empty(trained):
    try:
        trained.configure(TINY_TRAINING | {"lesionpaste.source": {"images": []}})
        stopped = trained.snakemake("lesionpaste", "-n")
    finally:
        trained.configure(TINY_TRAINING)
    assert stopped.returncode != 0
    assert "lesionpaste.source.images is empty" in stopped.stdout


def test_an_image_of_the_benchmark_gives_no_lesions(trained):
    benchmark = next(
        f"phantom/test/{path.stem.removesuffix('_MA')}"
        for path in sorted((trained.results / "data/masks/MA/test").glob("*.png"))
    )
    try:
        trained.configure(TINY_TRAINING | {"lesionpaste.source": {"images": [benchmark]}})
        stopped = trained.snakemake("lesionpaste", "-n")
    finally:
        trained.configure(TINY_TRAINING)
    assert stopped.returncode != 0
    assert "an image of the benchmark itself" in stopped.stdout
