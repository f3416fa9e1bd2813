"""A copy of the project with a tiny phantom, in which tests run the real workflow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import deepcopy
from functools import cache
from pathlib import Path

import h5py
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
TINY = {
    "data": {
        "phantom": {
            "train_patients": 3,
            "test_normal_patients": 2,
            "test_abnormal_patients": 2,
            "labelled_patients": 0,
            "width": 160,
            "height": 140,
        }
    },
    "preprocessing": {"size": 96},
    "resad": {"region": 2},
    "evaluation": {"bootstrap": 100, "calibration_images": 6},
    "ablations": {
        "coreset": 0,
        "variants": [{"name": "70%", "normals": 0.7}, {"name": "eq. 4 as identity", "spatial": "identity"}],
    },
    "lesionpaste": {
        "preprocessing": {"size": 64},
        "training": {"epochs": 1, "batch": 4, "validation": 0.4},
        "rows": [],
    },
    "compared": {"size": 64, "held_out": 0.4},
    "methods": {"auto_encoder": {"epochs": 2, "batch": 2}},
}
ONE_THREAD = [
    f"{rule}=1"
    for rule in (
        "features",
        "resc",
        "coreset",
        "score",
        "calibrate",
        "score_lesioned",
        "images",
        "masks",
        "train",
        "classify",
        "fit",
        "apply",
    )
]
TARGETS = {"all", "resad", "ablations", "audit", "lesionpaste", "compared", "rivals", "select", "proxy"}


def changed(config: Mapping, changes: Mapping[str, object]) -> dict:
    """Return a configuration with values changed, each named by its path: ``{"resad.scale": "none"}``."""
    result = deepcopy(dict(config))
    for path, value in changes.items():
        *sections, key = path.split(".")
        place = result
        for section in sections:
            place = place.setdefault(section, {})
        place[key] = value
    return result


@cache
def without_network() -> tuple[str, ...]:
    """Return what runs a command in an empty network namespace, or nothing where no namespace may be made."""
    for prefix in (("unshare", "--net"), ("unshare", "--map-root-user", "--net")):
        with suppress(OSError, subprocess.CalledProcessError):
            subprocess.run([*prefix, "true"], check=True, capture_output=True)
            return prefix
    return ()


class TinyProject:
    """A folder with the project's files and the configuration ``tiny.yaml``."""

    python = sys.executable

    def __init__(self, folder: Path):
        self.folder = folder
        self.results = folder / "results" / "phantom"

    @classmethod
    def checkout(cls, folder: Path) -> TinyProject:
        """Copy the files that git tracks or would track."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=REPOSITORY,
            check=True,
            capture_output=True,
        ).stdout.decode()
        for name in listed.rstrip("\0").split("\0"):
            source, target = REPOSITORY / name, folder / name
            if source.is_file() and not name.startswith("tests/"):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        project = cls(folder)
        project.configure()
        return project

    def copy(self, folder: Path) -> TinyProject:
        """Copy a project with its results and Snakemake's records, modification times kept."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return TinyProject(folder)

    def configure(self, changes: Mapping[str, object] | None = None) -> None:
        """Write the tiny configuration, with values changed."""
        text = yaml.safe_dump(changed(TINY, changes or {}), allow_unicode=True)
        (self.folder / "tiny.yaml").write_text(text, encoding="utf-8")

    def command(self, *arguments: str, configfile: str | None = "tiny.yaml") -> list[str]:
        """Return Snakemake's command; targets come first, since some options swallow what follows them."""
        config = ["--configfile", configfile] if configfile else []
        rest = ["--cores", "2", "--resources", "gpu=0", "--set-threads", *ONE_THREAD]
        return [self.python, "-m", "snakemake", *arguments, *rest, *config]

    def snakemake(
        self, *arguments: str, configfile: str | None = "tiny.yaml", prefix: tuple[str, ...] = (), **environment: str
    ) -> subprocess.CompletedProcess:
        """Run Snakemake and return how it ended, standard error within standard output."""
        return subprocess.run(
            [*prefix, *self.command(*arguments, configfile=configfile)],
            cwd=self.folder,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=3600,
        )

    def run(self, *arguments: str, **options: str) -> str:
        """Run Snakemake, which must succeed, and return its output."""
        done = self.snakemake(*arguments, **options)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def plan(self, *arguments: str, configfile: str | None = "tiny.yaml") -> dict[str, int]:
        """Return how many jobs of each rule a run would start; nothing if all is up to date."""
        output = self.run(*arguments, "-n", "--quiet", "rules", configfile=configfile)
        if "Job stats:" not in output:
            assert "Nothing to be done" in output, output
            return {}
        rows = output.split("Job stats:")[1].split("\ntotal ")[0].splitlines()[3:]
        jobs = {rule: int(count) for rule, count in (row.split() for row in rows if row.strip())}
        return {rule: count for rule, count in jobs.items() if rule not in TARGETS - {"audit"}}

    def plan_with(self, changes: Mapping[str, object]) -> dict[str, int]:
        """Return what a run would start after changes of the configuration, which are taken back."""
        try:
            self.configure(changes)
            return self.plan()
        finally:
            self.configure()

    def module(self, name: str) -> Path:
        """Return the file of a library module."""
        return self.folder / "src" / "fundus_anomaly" / name

    def one(self, pattern: str) -> Path:
        """Return the only file of the results that matches a pattern."""
        (found,) = self.results.glob(pattern)
        return found


@contextmanager
def edited(path: Path, content: bytes) -> Iterator[None]:
    """Give a file another content, and after the block its old one with its old modification time."""
    before, times = path.read_bytes(), path.stat()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def h5_content(path: Path) -> dict[str, tuple]:
    """Return all that an HDF5 file holds, bit by bit: type, shape and bytes of every dataset, and the attributes."""
    with h5py.File(path) as file:
        content = {f"@{key}": repr(value) for key, value in file.attrs.items()}
        for name, dataset in file.items():
            values = dataset[()]
            bits = values.tolist() if dataset.dtype.hasobject else values.tobytes()
            content[name] = (str(dataset.dtype), dataset.shape, bits)
    return content
