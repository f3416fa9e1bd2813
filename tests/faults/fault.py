"""The faults: each is injected into a project's folder and undone without a trace."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from jobs import PICTURES, Job

# Run at a script's start: SIGKILL as its first output is about to get its name, or as soon as it has it.
_KILL = """
import os, signal, sys

def deadly(function, last):
    def renamed(source, target, *rest, **options):
        done = function(source, target, *rest, **options) if last else None
        if ".checkpoint." not in str(target) and "/training." not in str(target):
            os.kill(os.getpid(), signal.SIGKILL)
        return done if last else function(source, target, *rest, **options)
    return renamed

how = dict(item.split("=") for item in os.environ.get("FAULT_KILL", "").split(",") if item)
script = sys.orig_argv[1] if len(sys.orig_argv) > 1 else ""
rule = script.split(".")[-2] if script.endswith(".py") and "snakemake" in script else ""
if rule in how:
    os.replace = deadly(os.replace, how[rule] == "between")
    os.rename = deadly(os.rename, how[rule] == "between")
"""


@dataclass(frozen=True)
class Fault:
    """What befalls one job.

    Attributes:
        name: Its column in the matrix.
        file: The input that is damaged, or nothing.
        place: What in the file.
    """

    name: str
    file: str = ""
    place: str = ""

    def environment(self, job: Job) -> dict[str, str]:
        """Return what the run's environment needs."""
        return {}

    def inject(self, project: Path, job: Job) -> None:
        """Bring the fault about; the job's outputs are gone."""

    def relieve(self, project: Path, job: Job) -> None:
        """Do what the error asks of whoever reads it."""

    def undo(self, project: Path, job: Job) -> None:
        """Take back what lies outside of the project's files, which are restored anyway."""


class Killed(Fault):
    """``kill -9`` amid the writing: before the first output has its name, or between two outputs."""

    def environment(self, job: Job) -> dict[str, str]:
        return {"FAULT_KILL": f"{job.rule}={self.place}"}


class FullDisk(Fault):
    """The outputs' folder is a file system with room for half of the outputs."""

    def inject(self, project: Path, job: Job) -> None:
        folder = project / job.folder
        folder.mkdir(parents=True, exist_ok=True)
        aside = project / ".aside"
        shutil.copytree(folder, aside, symlinks=True)
        _run("mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", str(folder))
        shutil.copytree(aside, folder, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(aside)
        # Whole pages only; what is left of the last one is of no use to another file.
        room = int(self.place) // 2 // 4096 * 4096
        state = os.statvfs(folder)
        used = (state.f_blocks - state.f_bfree) * state.f_frsize
        _run("mount", "-o", f"remount,size={max(4096, used + room)}", str(folder))

    def relieve(self, project: Path, job: Job) -> None:
        _run("mount", "-o", "remount,size=1g", str(project / job.folder))

    def undo(self, project: Path, job: Job) -> None:
        subprocess.run(["umount", "-l", str(project / job.folder)], check=False, capture_output=True)


class ReadOnly(Fault):
    """The outputs' folder is mounted read-only, which binds root too."""

    def inject(self, project: Path, job: Job) -> None:
        folder = str(project / job.folder)
        Path(folder).mkdir(parents=True, exist_ok=True)
        _run("mount", "--bind", folder, folder)
        _run("mount", "-o", "remount,bind,ro", folder)

    def relieve(self, project: Path, job: Job) -> None:
        _run("umount", "-l", str(project / job.folder))

    def undo(self, project: Path, job: Job) -> None:
        subprocess.run(["umount", "-l", str(project / job.folder)], check=False, capture_output=True)


class Damaged(Fault, ABC):
    """An input is truncated or has one byte flipped, with the modification time that it had."""

    def inject(self, project: Path, job: Job) -> None:
        path = project / self.file
        times, content = path.stat(), path.read_bytes()
        self._kept(project).parent.mkdir(parents=True, exist_ok=True)
        self._kept(project).write_bytes(content)
        path.write_bytes(self._damage(path, content))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    @abstractmethod
    def _damage(self, path: Path, content: bytes) -> bytes:
        """Return what is left of a file's content."""

    def relieve(self, project: Path, job: Job) -> None:
        # A photograph or mask is replaced, as the audit asks for; what the workflow made is deleted.
        if Path(self.file).suffix in PICTURES:
            shutil.copyfile(self._kept(project), project / self.file)
        else:
            (project / self.file).unlink()

    def undo(self, project: Path, job: Job) -> None:
        self._kept(project).unlink(missing_ok=True)

    def _kept(self, project: Path) -> Path:
        """Return where the undamaged file is kept: outside of the project."""
        return project.with_name(f"{project.name}.kept") / self.file


class Truncated(Damaged):
    """Half of the file is left."""

    def _damage(self, path: Path, content: bytes) -> bytes:
        return content[: len(content) // 2]


class Flipped(Damaged):
    """One byte is another: of the middle of a dataset or an attribute of HDF5, a digit of a table, or amid the file."""

    def _damage(self, path: Path, content: bytes) -> bytes:
        damaged = bytearray(content)
        if path.suffix == ".h5":
            damaged[_place_of(path, content, self.place)] ^= 0x55
        elif path.suffix == ".csv":
            # Another digit: no parser could see it.
            digits = [found.start() for found in re.finditer(rb"(?<=[0-9.])[0-9](?=[0-9])", content)] or [
                len(content) // 2
            ]
            place = digits[len(digits) // 2]
            damaged[place] ^= 0x01
        else:
            damaged[len(content) // 2] ^= 0x55
        return bytes(damaged)


def places(path: Path) -> list[str]:
    """Return what of a file can be damaged by itself: HDF5's datasets and attributes that hold bytes."""
    if path.suffix != ".h5":
        return [""]
    with h5py.File(path) as file:
        return [name for name, data in file.items() if data.size] + [
            f"@{name}"
            for name, value in file.attrs.items()
            if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "iuf"
        ]


def _place_of(path: Path, content: bytes, name: str) -> int:
    """Return the offset of a byte amid a dataset's stored bytes or an attribute's."""
    with h5py.File(path) as file:
        if name.startswith("@"):
            value = np.asarray(file.attrs[name[1:]]).tobytes()
            return content.rindex(value) + len(value) // 2
        data = file[name]
        if data.chunks is None:
            return data.id.get_offset() + data.id.get_storage_size() // 2
        chunk = data.id.get_chunk_info(data.id.get_num_chunks() // 2)
        return chunk.byte_offset + chunk.size // 2


def write_startup(folder: Path) -> None:
    """Write the module that Python reads at its start, which kills the scripts that FAULT_KILL names."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(_KILL, encoding="utf-8")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
