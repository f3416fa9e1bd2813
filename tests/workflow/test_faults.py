"""A fault of the disk ends a run with an error that says what and where, and nothing unfinished counts as done."""

import os
import shutil
import subprocess

import pytest
from tiny_project import h5_content

pytestmark = pytest.mark.workflow

READ_ONLY = "mount --bind results results; mount -o remount,bind,ro results"
FEATURES = "results/phantom/features/backbone~efficientnet_lite0"


def mounted(mount: str, after_failure: str = "true") -> tuple[str, ...]:
    """Return what runs a command with a mount that nothing else sees and that ends with the command."""
    return ("unshare", "--mount", "sh", "-ec", f'{mount}\n"$@" && exit\n{after_failure}\nexit 1', "sh")


def require_mounts(folder):
    command = [*mounted(f"mount -t tmpfs -o size=64k tmpfs '{folder}'"), "true"]
    if shutil.which("unshare") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting needs root (CAP_SYS_ADMIN) on Linux")


def test_a_full_disk_fails_and_leaves_nothing_that_looks_done(finished, project, tmp_path):
    require_mounts(tmp_path)
    features, whole = (one.folder / FEATURES / "train.h5" for one in (project, finished))
    features.unlink()
    mount = f"mount -t tmpfs -o size={whole.stat().st_size // 2} tmpfs '{FEATURES}'"
    full = project.snakemake(f"{FEATURES}/train.h5", prefix=mounted(mount, f'echo "left: $(ls -A {FEATURES})"'))
    assert full.returncode != 0
    assert "No space left on device" in full.stdout or "errno = 28" in full.stdout
    assert "features" in full.stdout
    assert full.stdout.rstrip().endswith("left:")

    project.run(f"{FEATURES}/train.h5")
    assert h5_content(features) == h5_content(whole)


@pytest.mark.parametrize(
    ("changes", "target", "said"),
    [
        ({"figures.misses": 6}, "results/phantom/figures/misses.png", "Write-protected output files"),
        ({"experiment": "new"}, "results/new/weights/efficientnet_lite0.weights", "a folder that cannot be written"),
    ],
    ids=["a file to be replaced", "a file to be made"],
)
def test_a_read_only_results_folder_fails_and_names_it(project, tmp_path, changes, target, said):
    require_mounts(tmp_path)
    file = project.folder / target
    before = file.read_bytes() if file.exists() else None
    project.configure(changes)
    read_only = project.snakemake(target, prefix=mounted(READ_ONLY))
    planned = project.plan(target)
    project.configure()
    assert read_only.returncode != 0
    assert said in read_only.stdout
    assert "/".join(target.split("/")[:2]) in read_only.stdout
    assert (file.read_bytes() if file.exists() else None) == before
    assert len(planned) == 1


def test_a_file_where_a_folder_should_be_fails_and_names_it(project):
    project.configure({"experiment": "blocked"})
    (project.folder / "results" / "blocked").write_text("not a folder")
    blocked = project.snakemake("results/blocked/weights/efficientnet_lite0.weights")
    (project.folder / "results" / "blocked").unlink()
    project.configure()
    assert blocked.returncode != 0
    assert "results/blocked: found a file" in blocked.stdout
    assert "move the file away" in blocked.stdout


def test_a_truncated_file_is_named_with_the_remedy_and_the_remedy_works(finished, project):
    features = project.folder / FEATURES / "test.h5"
    times = features.stat()
    with features.open("rb+") as file:
        file.truncate(times.st_size // 2)
    os.utime(features, ns=(times.st_atime_ns, times.st_mtime_ns))
    target = "backbone~efficientnet_lite0/pool~1/region~2/spatial~matmul/scale~inv_sqrt/test.h5"
    (project.results / "resc" / target).unlink()

    failed = project.snakemake(f"results/phantom/resc/{target}")
    assert failed.returncode != 0
    assert f"{FEATURES}/test.h5" in failed.stdout
    assert f"delete {FEATURES}/test.h5 and run the same command again" in failed.stdout
    assert "Traceback" not in failed.stdout
    assert not (project.results / "resc" / target).exists()

    features.unlink()
    project.run(f"results/phantom/resc/{target}")
    assert h5_content(project.results / "resc" / target) == h5_content(finished.results / "resc" / target)
