"""The Dockerfile's steps are those of `make run`, and none that a container could do without."""

import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from dockerfile_parse import DockerfileParser
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]
STEPS = [
    (step["instruction"], step["value"])
    for step in DockerfileParser(str(ROOT / "Dockerfile")).structure
    if step["instruction"] != "COMMENT"
]
# Root installs Debian's packages; whatever comes after the change of the user is the set-up.
USER = next(place for place, (instruction, _) in enumerate(STEPS) if instruction == "USER")
SETUP = [(instruction, value) for instruction, value in STEPS[USER:] if instruction in ("RUN", "COPY")]
# Without the flags of the make that the tests run in.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}


def copied(value):
    """Return what a COPY takes from the project, its options left out."""
    *sources, destination = [word for word in value.split() if not word.startswith("--")]
    assert destination in (".", "./")
    return sources


def copy(sources, folder):
    """Do what COPY does: every file that git tracks, if all are asked for."""
    if sources == ["."]:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.decode()
        sources = [name for name in listed.rstrip("\0").split("\0") if (ROOT / name).is_file()]
    for name in sources:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)


def make(folder, *arguments):
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_base_is_one_release_of_a_supported_python():
    (base,) = [value for instruction, value in STEPS if instruction == "FROM"]
    name, _, tag = base.partition(":")
    version, *flavour = tag.split("-")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert name == "python"
    assert version.count(".") == 2 and version in SpecifierSet(project["requires-python"])
    assert flavour == ["slim", "bookworm"]


def test_its_steps_are_the_makefiles_set_up_and_its_command_is_make_run():
    set_up = [value for instruction, value in SETUP if instruction == "RUN"]
    assert set_up == ["make .venv/.installed"]
    assert [json.loads(value) for instruction, value in STEPS if instruction == "CMD"] == [["make", "run"]]
    assert not [value for instruction, value in STEPS if instruction == "ENTRYPOINT"]


def test_nothing_but_debians_packages_and_the_user_is_set_up_as_root():
    (as_root,) = [value for instruction, value in STEPS[:USER] if instruction == "RUN"]
    assert [command.split()[0] for command in as_root.split("&&")] == ["apt-get", "apt-get", "rm", "useradd", "install"]
    assert not [value for instruction, value in STEPS[:USER] if instruction in ("COPY", "ADD")]


def test_the_container_never_runs_as_root():
    users = [value for instruction, value in STEPS if instruction == "USER"]
    # A number, so that a cluster can tell; useradd refuses 0, which is root's.
    assert users == ["$UID"]
    assert [value for instruction, value in STEPS if instruction == "ARG"] == ["UID=1000"]
    assert all("--chown=$UID" in value for instruction, value in SETUP if instruction == "COPY")


def test_nothing_is_fetched_past_the_locks():
    assert not [value for instruction, value in STEPS if instruction == "ADD"]
    assert not [value for _, value in STEPS if "://" in value or "curl" in value or "wget" in value]


def test_the_files_copied_first_are_enough_for_the_set_up(tmp_path):
    (_, first), (instruction, command), (_, rest) = SETUP
    copy(copied(first), tmp_path)
    planned = make(tmp_path, "--dry-run", *command.split()[1:])
    assert instruction == "RUN" and planned.returncode == 0, planned.stdout
    assert planned.stdout.count("--require-hashes") == 2
    assert copied(rest) == ["."]


def test_no_environment_result_or_history_gets_into_the_image():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {".git", ".venv", ".snakemake", "results"} <= set(ignored)


@pytest.mark.skipif(not os.environ.get("FULL_SETUP"), reason="installs everything anew (5 minutes): FULL_SETUP=1")
def test_its_steps_make_a_working_environment_in_a_clean_folder(tmp_path):
    for instruction, value in SETUP:
        if instruction == "COPY":
            copy(copied(value), tmp_path)
        else:
            done = make(tmp_path, *value.split()[1:])
            assert done.returncode == 0, done.stdout
    assert make(tmp_path, "--question", ".venv/.installed").returncode == 0
    for command in (["-m", "pip", "check"], ["-m", "snakemake", "--cores", "1", "--dry-run", "--quiet"]):
        done = subprocess.run([".venv/bin/python", *command], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
