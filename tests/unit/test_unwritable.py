"""What cannot be written is told with the file, the reason and the remedy, whichever library fails."""

import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fundus_anomaly.errors import InputError, OutputError
from fundus_anomaly.files.hdf5 import create_h5, open_h5
from fundus_anomaly.files.scratch import scratch_array
from fundus_anomaly.files.unwritable import explained, require_writable
from fundus_anomaly.files.whole import whole, write_text

HDF5 = f"""
import resource, sys
sys.path[:0] = {[str(Path(__file__).resolve().parents[2] / folder) for folder in ("workflow", "src")]!r}
import numpy as np
from fundus_anomaly.files.hdf5 import create_dataset, create_h5
from support.rule import logged
path, log, count = sys.argv[1:]
with logged(log):
    resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, resource.RLIM_INFINITY))
    with create_h5(path) as file:
        create_dataset(file, "values", (int(count),), np.float64)[:] = np.random.default_rng(0).random(int(count))
"""


@pytest.fixture
def small_files():
    """Files of this process can take 20,000 bytes, and no more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def text(path):
    write_text(path, "x" * 30_000)


def weights(path):
    with whole(path) as temporary, temporary.open("wb") as file:
        torch.save({"weight": torch.arange(10_000.0)}, file)


def picture(path):
    with whole(path) as temporary:
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200), np.uint8)).save(temporary, format="png")


def copy(path):
    original = path.parent.with_name("original")
    with original.open("wb") as file:
        file.truncate(15_000)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    with whole(path) as temporary:
        shutil.copyfile(original, temporary)


@pytest.mark.parametrize("write", [text, weights, picture, copy])
def test_a_file_that_grows_too_large_is_named_with_the_remedy(small_files, tmp_path, write):
    path = tmp_path / "new" / "output.x"
    with pytest.raises(OutputError, match=r"output\.x: found File too large; .* To fix it: raise the limit"):
        write(path)
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize("count", [2_000, 50_000], ids=["as it is closed", "as it is written"])
def test_hdf5_that_grows_too_large_is_named_and_python_does_not_crash(tmp_path, count):
    path, log = tmp_path / "output.h5", tmp_path / "rule.log"
    done = subprocess.run(
        [sys.executable, "-c", HDF5, path, log, str(count)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert re.search(r"output\.h5: found File too large; .* To fix it: raise the limit", log.read_text())
    assert "Traceback" not in done.stderr
    assert not path.exists()


def test_an_array_without_room_is_reported_before_it_is_used(small_files, tmp_path):
    scratch_array(tmp_path, (1000, 4))[:] = 1
    with pytest.raises(OutputError, match=str(tmp_path)):
        scratch_array(tmp_path, (1000, 6))


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(13, "Permission denied", "/another/file"),
        OSError(5, "Can't synchronously read data (file read failed: errno = 5)"),
        RuntimeError("of another kind"),
        KeyError("x"),
    ],
)
def test_what_another_file_does_is_not_laid_to_the_output(tmp_path, error):
    with pytest.raises(type(error)) as caught, explained(tmp_path / "a.h5"):
        raise error
    assert caught.value is error


def test_a_folder_that_cannot_be_made_is_reported_by_the_file(tmp_path):
    with (
        pytest.raises(OutputError, match=r"a\.csv.*make the folder writable"),
        explained(tmp_path / "b" / "a.csv"),
    ):
        raise PermissionError(13, "Permission denied", str(tmp_path / "b"))


def test_a_damaged_input_stays_an_input_error(tmp_path):
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(b"x")
    with pytest.raises(InputError, match=r"damaged\.h5"), create_h5(tmp_path / "a.h5"), open_h5(damaged):
        pass


def test_every_folder_that_cannot_be_written_is_reported_with_its_rules(monkeypatch, tmp_path):
    for name in ("tables", "bank"):
        (tmp_path / name).mkdir()
    # Root may write everywhere but on a file system that is read-only.
    allowed = {tmp_path / "bank", tmp_path}
    monkeypatch.setattr(os, "access", lambda path, mode, **_: Path(path) in allowed)
    monkeypatch.setattr(os, "supports_effective_ids", set())
    outputs = [
        ("table_resad", tmp_path / "tables" / "resad.csv"),
        ("table_ablations", tmp_path / "tables" / "ablations" / "a.csv"),
        ("coreset", tmp_path / "bank" / "a" / "b" / "coreset.h5"),
        ("evaluate", tmp_path / "evaluation" / "a.csv"),
    ]
    with pytest.raises(OutputError) as caught:
        require_writable(outputs)
    (problem,) = caught.value.problems
    assert Path(problem.where).resolve() == (tmp_path / "tables").resolve()
    assert "tables/resad.csv" in problem.allowed
    assert "rule table_ablations, rule table_resad" in problem.allowed
    assert "make the folder writable" in problem.remedy
    require_writable(outputs[2:])


def test_a_file_in_place_of_a_folder_is_reported(tmp_path):
    (tmp_path / "tables").write_text("not a folder")
    with pytest.raises(OutputError, match="move the file away"):
        require_writable([("table_resad", tmp_path / "tables" / "resad.csv")])
