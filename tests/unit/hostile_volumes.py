"""Volumes and MosMed's registry as nobody wants them."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import nibabel
import numpy as np
from hostile_case import Case
from mosmed_samples import write_registry, write_volume

from fundus_anomaly.datasets.mosmed_files import read_scans
from fundus_anomaly.imaging.ct_volume import CtVolume, read_header

VALUES = np.arange(6 * 5 * 4, dtype=np.int16).reshape(6, 5, 4)
WRONG = ("v.nii", "replace the file, or remove its row")


def volume(values: np.ndarray = VALUES, axes: str = "RAS", name: str = "v.nii"):
    def make(folder: Path) -> Path:
        write_volume(folder / name, values, axes)
        return folder / name

    return make


def written(data: bytes, name: str = "v.nii"):
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def stored(values: np.ndarray, affine=None) -> bytes:
    return nibabel.Nifti1Image(values, np.eye(4) if affine is None else affine).to_bytes()


def header(**fields) -> bytes:
    """Return a header with fields set as no library would set them, and nothing after it."""
    head = nibabel.Nifti1Header()
    head.set_data_shape((4, 4, 4))
    head.set_data_dtype(fields.pop("dtype", np.int16))
    head["sform_code"], head["srow_x"], head["srow_y"], head["srow_z"] = 1, (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0)
    head["vox_offset"], head["magic"] = 352, b"n+1"
    for name, value in fields.items():
        head[name] = value
    return head.binaryblock + bytes(4)


def extension_bomb(folder: Path) -> Path:
    """Write a compressed file whose header says that a gigabyte of zeros comes before its voxels."""
    head = header(vox_offset=2**30)[:348] + b"\1\0\0\0" + struct.pack("<II", 2**30 - 352, 4)
    with gzip.open(folder / "v.nii.gz", "wb", 1) as file:
        file.write(head)
        for _ in range(1024):
            file.write(bytes(2**20))
    return folder / "v.nii.gz"


def slices(path: Path, results: Path) -> np.ndarray:
    read = CtVolume(path)
    return np.stack([read[number] for number in range(len(read))])


def registry(*rows: str):
    """Return a maker of a registry beside which one volume lies, and one outside."""

    def make(folder: Path) -> Path:
        write_volume(folder / "root" / "v.nii", VALUES)
        write_volume(folder / "outside.nii", VALUES)
        (folder / "root" / "link.nii").symlink_to(folder / "outside.nii")
        write_registry(folder / "root", rows)
        return folder / "root"

    return make


def scans(root: Path, results: Path) -> list:
    return read_scans(root, "dataset_registry.csv", "CT-0")[0]


UPRIGHT = VALUES[::-1, ::-1].transpose(2, 1, 0)
REGISTRY = ("dataset_registry.csv, line 2", "complete the copy")
CASES = [
    Case("other orientation", volume(axes="PSL"), slices, handled=lambda found: (found == UPRIGHT).all()),
    Case("no orientation", written(header(srow_x=0, srow_y=0, srow_z=0)), slices, ("affine matrix", *WRONG)),
    Case("orientation of NaN", written(header(srow_x=np.nan)), slices, ("affine matrix", *WRONG)),
    Case("4-D", written(stored(np.zeros((4, 4, 4, 2), np.int16))), slices, ("4×4×4×2 voxels", "three sides", *WRONG)),
    Case("NaN", written(stored(np.full((4, 4, 4), np.nan, np.float32))), slices, ("slice 0", "finite values", *WRONG)),
    Case(
        "infinite scale",
        written(header(scl_slope=1e38, dtype=np.float32) + bytes([0, 0, 0, 127]) * 64),
        slices,
        ("slice 0", "finite values", *WRONG),
    ),
    Case("colours in place of numbers", written(header(datatype=128, bitpix=24)), slices, ("voxels of type", *WRONG)),
    Case("complex numbers", written(header(dtype=np.complex64)), slices, ("voxels of type complex64", *WRONG)),
    Case(
        "huge declared shape",
        written(header(dim=[3, 30000, 30000, 30000, 1, 1, 1, 1])),
        slices,
        ("30000×30000×30000", "at most 1,000,000,000 voxels", *WRONG),
    ),
    Case(
        "four gigabytes of voxels",
        written(header(dim=[3, 1000, 1000, 500, 1, 1, 1, 1], dtype=np.float64)),
        slices,
        ("4,000,000,000 bytes of voxels", "at most 2,000,000,000", *WRONG),
    ),
    Case("negative sides", written(header(dim=[3, -4, 4, 4, 1, 1, 1, 1])), slices, WRONG),
    Case("truncated volume", written(stored(VALUES)[:-50]), slices, ("cannot be read", *WRONG)),
    Case(
        "truncated gzip", written(gzip.compress(stored(VALUES))[:-30], "v.nii.gz"), slices, ("cannot be read", *WRONG)
    ),
    Case("gzip bomb before the voxels", extension_bomb, slices, ("voxels that begin at byte 1,073,741,824", *WRONG)),
    Case("no volume", written(b"x" * 999), slices, ("no header of NIfTI", *WRONG)),
    Case("empty volume", written(b""), lambda path, results: read_header(path), WRONG),
    Case("registry out of the root", registry("study_1,CT-0,/../outside.nii,"), scans, ("leads out", *REGISTRY)),
    Case("registry with a link", registry("study_1,CT-0,/link.nii,"), scans, ("leads out", *REGISTRY)),
    Case(
        "registry with a command", registry("study_1,CT-0,/$(touch executed).nii,"), scans, ("no such file", *REGISTRY)
    ),
    Case("registry with a path as an id", registry("../1,CT-0,/v.nii,"), scans, ("study_id", "'../1'", "correct")),
    Case(
        "a study twice",
        registry("study_1,CT-0,/v.nii,", "study_1,CT-0,/v.nii,"),
        scans,
        ("a second time", "remove one"),
    ),
]
