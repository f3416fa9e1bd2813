"""Users' files are theirs: nothing is written outside of the results, or over what the workflow did not make."""

import json
import shutil

import pytest

pytestmark = pytest.mark.workflow
LABELS = "path,split\nmine.jpg,train\n"


def test_a_folder_of_data_with_the_default_dataset_is_refused_and_left_as_it_is(project, tmp_path):
    mine = tmp_path / "mine"
    (mine / "train").mkdir(parents=True)
    (mine / "labels.csv").write_text(LABELS)
    project.configure()
    stopped = project.snakemake("audit", "--config", f"data_root={mine}")
    assert stopped.returncode != 0
    assert "config, data_root" in stopped.stdout
    assert "config/images.yaml" in stopped.stdout
    assert (mine / "labels.csv").read_text() == LABELS
    assert sorted(file.name for file in mine.iterdir()) == ["labels.csv", "train"]


@pytest.mark.parametrize("linked", [False, True], ids=["file", "through a link"])
def test_a_users_file_where_an_output_would_be_is_refused_and_left_as_it_is(project, tmp_path, linked):
    """A folder of an experiment that holds something already, itself or by a link to a folder elsewhere."""
    results = project.folder / "results" / f"taken{linked}"
    folder = tmp_path / "elsewhere" if linked else results / "data"
    folder.mkdir(parents=True)
    if linked:
        results.mkdir()
        (results / "data").symlink_to(folder)
    (folder / "labels.csv").write_text(LABELS)
    project.configure({"experiment": f"taken{linked}"})
    stopped = project.snakemake("audit")
    assert stopped.returncode != 0
    assert "labels.csv" in stopped.stdout
    assert "no record of making" in stopped.stdout
    assert (folder / "labels.csv").read_text() == LABELS
    assert [file.name for file in folder.iterdir()] == ["labels.csv"]


def test_the_results_of_another_folder_are_not_planned_over(project, tmp_path):
    roots = [tmp_path / name for name in ("first", "second")]
    for root in roots:
        for split, folder in (("train", "normal"), ("test", "unknown")):
            shutil.copytree(project.results / "data" / split, root / folder)
    base = {"dataset": "images", "experiment": "two_folders", "ablations.variants": []}
    project.configure(base | {"data_root": str(roots[0])})
    project.run("audit")
    known = json.loads((project.folder / "results/two_folders/experiment.json").read_text())
    assert known == {"dataset": "images", "data_root": str(roots[0])}
    project.configure(base | {"data_root": str(roots[1])})
    refused = project.snakemake("audit", "-n")
    assert refused.returncode != 0
    for part in (str(roots[0]), str(roots[1]), "experiment=NAME"):
        assert part in refused.stdout
    project.configure(base | {"data_root": str(roots[1]), "experiment": "another"})
    assert project.plan("audit")
