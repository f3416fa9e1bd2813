"""Features that the configuration does not keep go once they are used, and are missed by nothing."""

import pytest
from tiny_project import h5_content

RESAD = "backbone~efficientnet_lite0/pool~1/region~2/spatial~matmul/scale~inv_sqrt"
BANK = f"{RESAD}/normals~1.0/coreset~0.1"
SCORES = f"results/phantom/scores/{BANK}/test.csv"


@pytest.fixture(scope="module")
def frugal(project):
    """The tiny run without kept features, its ReSAD made again from the features on."""
    project.configure({"keep": []})
    for stage in ("features", "resc", "attention", "bank", "scores"):
        for file in (project.results / stage).rglob("*.*"):
            # The folders of a variant have points in their names too.
            if file.is_file():
                file.unlink()
    project.run(SCORES, f"results/phantom/scores/{BANK}/calibration.csv")
    return project


def left(project, stage):
    return sorted(str(file.relative_to(project.results / stage)) for file in (project.results / stage).rglob("*.h5"))


def test_features_are_gone_and_all_else_is_as_with_them(frugal, finished):
    assert left(frugal, "features") == left(frugal, "resc") == []
    assert left(frugal, "attention") == [f"{RESAD}/{split}.h5" for split in ("test", "train")]
    for file in (f"bank/{BANK}/memory_bank.h5", f"scores/{BANK}/test.h5", f"scores/{BANK}/calibration.h5"):
        assert h5_content(frugal.results / file) == h5_content(finished.results / file)


def test_a_finished_run_plans_nothing(frugal):
    planned = frugal.snakemake("-n", SCORES, f"results/phantom/scores/{BANK}/calibration.csv")
    assert "Nothing to be done" in planned.stdout


def test_what_is_lost_is_made_from_features_made_again(frugal, finished):
    scores = frugal.results / "scores" / BANK
    for file in scores.glob("test.*"):
        file.unlink()
    frugal.run(SCORES)
    assert h5_content(scores / "test.h5") == h5_content(finished.results / "scores" / BANK / "test.h5")
    assert left(frugal, "features") == left(frugal, "resc") == []
