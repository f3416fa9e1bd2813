"""A job loads what it works with when it starts, and nothing else: a run has some ninety of them."""

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from support.import_closure import _files

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
FOLDERS = (SCRIPTS, ROOT / "workflow", ROOT / "src")
# What takes a tenth of a second or more, and the jobs whose work begins with it. Whoever adds one here has measured
# what it costs: benchmarks/start_up.py.
LEARN = {"train", "classify", "fit", "apply", "figure_gradcam", "detector", "judge", "predictions"}
LEARN |= {"index_of_predictions"}
SEARCH = {"features", "resc", "coreset", "score", "calibrate", "score_lesioned"}
FIGURES = {f"figure_{name}" for name in ("curves", "effective_neighbours", "gradcam", "learning_curves", "lesion_bank")}
FIGURES |= {"figure_p_values"}
FIGURES |= {f"figure_{name}" for name in ("misses", "qualitative", "twins", "compared", "compared_learning")}
USERS = {
    "torch": LEARN | SEARCH,
    "timm": {"train", "classify", "figure_gradcam"},
    "torchvision": {"train", "classify", "figure_gradcam"},
    "torchcam": {"figure_gradcam"},
    "faiss": set(),
    "sklearn": {"train", "classify", "table_lesionpaste"},
    "MLstatkit": set(),
    "matplotlib": FIGURES | {"heat_maps", "detector", "judge", "predictions"},
    "nibabel": {"slices"},
    "imagehash": set(),
    "onnxruntime": set(),
}
# Every third job of a run writes arrays alone.
NO_PANDAS = {"weights", "features", "resc", "coreset", "memory_bank", "slices", "volumes"}


@cache
def at_start(file):
    """Return the modules of the project and the packages that importing a file loads before any function is called."""
    files, packages, waiting = set(), set(), [ast.parse(file.read_bytes())]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            else:
                typing = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
                if not typing and not isinstance(node, ast.FunctionDef | ast.Lambda):
                    waiting.append(node)
                continue
            for name in names:
                found = next(filter(None, (_files(name, folder) for folder in FOLDERS)), ())
                files.update(found)
                packages |= set() if found else {name.partition(".")[0]}
    return files, packages


def packages_of(script):
    seen, packages, waiting = set(), set(), [script]
    while waiting:
        files, names = at_start(waiting.pop())
        packages |= names
        waiting += files - seen
        seen |= files
    return packages


@pytest.mark.parametrize("package", USERS)
def test_a_package_is_loaded_by_the_jobs_that_work_with_it_alone(package):
    found = {script.stem for script in SCRIPTS.glob("*.py") if package in packages_of(script)}
    assert found <= USERS[package]


@pytest.mark.parametrize("script", sorted(NO_PANDAS))
def test_a_job_that_writes_no_table_loads_no_pandas(script):
    assert "pandas" not in packages_of(SCRIPTS / f"{script}.py")


def test_what_a_script_needs_at_its_start_is_found_through_what_it_imports():
    assert "torch" in packages_of(SCRIPTS / "train.py")
    assert "pandas" in packages_of(SCRIPTS / "evaluate.py")
    # Not by the script itself: through the library.
    assert "torch" not in at_start(SCRIPTS / "train.py")[1]


def test_what_is_said_here_of_a_script_is_what_python_loads():
    code = "import runpy, sys; runpy.run_path('workflow/scripts/evaluate.py', run_name='started'); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "workflow:src"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {package for package in USERS if "evaluate" not in USERS[package]}
    assert packages_of(SCRIPTS / "evaluate.py") <= loaded


def test_networks_are_built_and_applied_without_torchs_compiler_which_can_be_had_afterwards():
    code = """
import sys, torch
from fundus_anomaly.networks.classifier import Classifier, empty_network
for name in ("efficientnet_lite0", "vgg16"):
    network = Classifier(empty_network(name, "linear"), (0.5,) * 3, (0.5,) * 3).eval()
    with torch.inference_mode():
        assert network(torch.zeros((1, 64, 64, 3), dtype=torch.uint8)).isfinite().all()
assert "torch._dynamo" not in sys.modules
twice = torch.compile(lambda values: 2 * values, backend="eager")
assert twice(torch.ones(1)) == 2 and "torch._dynamo" in sys.modules
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
