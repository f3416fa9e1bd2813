"""The Dockerfile built by buildah, which needs no daemon; its base is made of Debian's packages where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PYTHON = "python3,python3-venv,python3-pip,ca-certificates"


class Buildah:
    """Buildah with a store of its own.

    Args:
        folder: For its store; an image with PyTorch for GPUs takes some 20 GB there while it is built.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._options = ["--root", folder / "store", "--runroot", folder / "run"]
        self._driver = "overlay" if self._starts("overlay") else "vfs"

    def _starts(self, driver: str) -> bool:
        command = ["buildah", "--storage-driver", driver, *self._options, "images"]
        return subprocess.run(command, capture_output=True).returncode == 0

    def __call__(self, *arguments: str | Path, prefix: tuple[str, ...] = ()) -> str:
        """Run a command of buildah's, which must succeed, and return what it printed."""
        command = [*prefix, "buildah", "--storage-driver", self._driver, *self._options, *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == 0, done.stdout[-6000:]
        return done.stdout

    def has(self, image: str) -> bool:
        """Return whether an image is there, or can be fetched."""
        command = ["buildah", "--storage-driver", self._driver, *self._options, "pull", image]
        return subprocess.run(command, capture_output=True, timeout=300).returncode == 0

    def debian(self, image: str) -> None:
        """Make an image of Debian's smallest system with its Python, under another's name."""
        root = self._folder / "debian"
        release = image.rpartition("-")[2]
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={PYTHON}", release, root], check=True, capture_output=True
        )
        container = self("from", "scratch").split()[-1]
        self("add", container, root, "/")
        self("commit", "--rm", container, image)
        shutil.rmtree(root)

    def remove(self) -> None:
        """Remove all containers and images."""
        self("rm", "--all")
        self("rmi", "--all", "--force")


def require_buildah() -> None:
    """Install what is missing from Debian's packages where that may be done; else skip, saying why."""
    programs = ("buildah", "debootstrap")
    if all(map(shutil.which, programs)):
        return
    if os.geteuid() or shutil.which("apt-get") is None:
        pytest.skip("buildah and debootstrap are missing, and need root and apt-get to be installed")
    done = subprocess.run(
        ["apt-get", "install", "--yes", "--no-install-recommends", *programs], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"buildah cannot be installed: {done.stderr.strip()[-300:]}")
