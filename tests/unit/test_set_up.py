"""What a fresh machine does before the first run, as `make` would: said, not done."""

import subprocess

import pytest


@pytest.mark.parametrize("target", [".venv/.installed", ".venv/.kubernetes"])
def test_what_is_installed_is_compiled_at_once(request, target):
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", target],
        cwd=request.config.rootpath,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    installed = [number for number, line in enumerate(lines) if "pip install" in line and "--no-compile" in line]
    compiled = [number for number, line in enumerate(lines) if "-m compileall" in line]
    assert installed
    assert compiled
    assert max(compiled) > max(installed), "what comes after the last compiling would be compiled anew by each job"
