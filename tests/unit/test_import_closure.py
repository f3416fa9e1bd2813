"""A rule's code is what its script's imports reach: no file less, and no file more."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.code_digest import code_digest
from support.import_closure import imports

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{ROOT / 'workflow'}:{ROOT / 'src'}"}
FOLDERS = (ROOT / "workflow", ROOT / "src")


def import_closure(script, *roots):
    return imports(script, *roots)[0]


def closure(folder, script="rule.py", **files):
    for name, text in files.items():
        path = folder / (name.replace("__init__", "@").replace("__", "/").replace("@", "__init__") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [str(path.relative_to(folder)) for path in import_closure(folder / script)]


PACKAGE = {"pack____init__": "", "pack__a": "", "pack__b": "", "pack__sub____init__": "", "pack__sub__c": ""}


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("import pack.a", "a"),
        ("import pack.a as x", "a"),
        ("from pack import a", "a"),
        ("from pack.a import name", "a"),
        ("def f():\n    from pack.a import name", "a"),
        ("if True:\n    import pack.a", "a"),
        ("try:\n    import numpy\nexcept ImportError:\n    from pack.a import *", "a"),
    ],
)
def test_every_form_of_import_counts_with_its_packages(tmp_path, line, module):
    assert closure(tmp_path, rule=line, **PACKAGE) == ["pack/__init__.py", f"pack/{module}.py"]


@pytest.mark.parametrize(
    ("line", "reached"),
    [
        ("from . import b", {"pack/b.py"}),
        ("from .b import name", {"pack/b.py"}),
        ("def f():\n    from .sub.c import name", {"pack/sub/__init__.py", "pack/sub/c.py"}),
        ("from .sub import c", {"pack/sub/__init__.py", "pack/sub/c.py"}),
    ],
)
def test_relative_imports_are_followed_through_modules(tmp_path, line, reached):
    files = PACKAGE | {"pack__a": line}
    assert set(closure(tmp_path, rule="import pack.a", **files)) == {"pack/__init__.py", "pack/a.py"} | reached


def test_two_dots_lead_out_of_a_package_and_an_init_imports_too(tmp_path):
    files = PACKAGE | {
        "pack__sub__c": "from ..a import x",
        "pack__sub____init__": "from . import d",
        "pack__sub__d": "",
    }
    found = closure(tmp_path, rule="from pack.sub.c import y", **files)
    assert found == ["pack/__init__.py", "pack/a.py", "pack/sub/__init__.py", "pack/sub/c.py", "pack/sub/d.py"]


def test_circles_end_and_foreign_modules_and_the_script_itself_do_not_count(tmp_path):
    files = PACKAGE | {"pack__a": "from .b import x", "pack__b": "import os, numpy.linalg, rule\nfrom . import a"}
    found = closure(tmp_path, rule="import json\nfrom pack import a", unrelated="", **files)
    assert found == ["pack/__init__.py", "pack/a.py", "pack/b.py"]


RESAD = "src/fundus_anomaly/methods/resad"


def test_resc_runs_through_attention_but_through_no_backbone_and_features_the_other_way():
    resc, features = (
        {str(path.relative_to(ROOT)) for path in import_closure(SCRIPTS / f"{name}.py", *FOLDERS)}
        for name in ("resc", "features")
    )
    assert {f"{RESAD}/resc.py", f"{RESAD}/attention.py", "workflow/support/rule.py"} <= resc
    assert not any("networks" in path or "imaging" in path for path in resc)
    networks = "src/fundus_anomaly/networks"
    # Imported only when the backbone is asked for, and still part of the rule.
    assert {f"{networks}/timm_network.py", f"{networks}/onnx_graph.py"} <= features
    assert f"{RESAD}/resc.py" not in features


@pytest.mark.parametrize("name", ["resc", "masks"])
def test_the_closure_holds_every_library_module_that_importing_the_script_loads(name):
    code = (
        f"import sys, {name}; print(*[m.__file__ for m in sys.modules.values() if getattr(m, '__file__', 0)], sep='|')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SCRIPTS, env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    loaded = {Path(path) for path in done.stdout.strip().split("|") if any(map(Path(path).is_relative_to, FOLDERS))}
    script = SCRIPTS / f"{name}.py"
    assert script in loaded
    assert loaded - {script} <= set(import_closure(script, *FOLDERS))


def test_a_digest_of_code_depends_on_places_in_the_project_and_contents_and_on_nothing_else(tmp_path):
    def made(name, **files):
        project = tmp_path / name
        project.mkdir()
        for file, text in files.items():
            (project / f"{file}.py").write_text(text, encoding="utf-8")
        return [project / f"{file}.py" for file in files], project

    first = code_digest(*made("first", a="x = 1", b="y = 2"))
    files, project = made("moved", b="y = 2", a="x = 1")
    os.utime(files[0], (0, 0))
    assert code_digest(files, project) == first
    others = [made("edited", a="x = 1", b="y = 3"), made("renamed", a="x = 1", c="y = 2"), made("fewer", a="x = 1")]
    others.append(made("exchanged", a="y = 2", b="x = 1"))
    assert len({first, *(code_digest(*one) for one in others)}) == 5
