"""Files of the workflow's own, tampered with."""

from __future__ import annotations

import zlib
from pathlib import Path

import h5py
import numpy as np
from hostile_case import Case
from lesion_samples import lesions

from fundus_anomaly.evaluation.pixel_sample import PixelSample, read_pixel_sample, write_pixel_sample
from fundus_anomaly.files.hdf5 import open_h5, read_ids
from fundus_anomaly.imaging.geometry import source_geometry
from fundus_anomaly.methods.lesionpaste.lesion_bank import read_bank, write_bank
from fundus_anomaly.neighbours import coreset_checkpoint

DELETE = ("t.h5", "delete")
HUGE = 10**7, 300, 300


def file(fill):
    """Return a maker of a file that ``fill`` fills; other files to point at lie beside and outside."""

    def make(folder: Path) -> Path:
        with h5py.File(folder / "other.h5", "w") as other:
            other["feature"] = np.zeros(5, np.float32)
        with h5py.File(folder / "t.h5", "w", libver="latest") as opened:
            fill(opened)
        return folder / "t.h5"

    return make


def put(name: str = "feature", **options):
    """Return a maker of a file with one dataset."""
    return file(lambda opened: opened.create_dataset(name, **options))


def link(target: object):
    return file(lambda opened: opened.__setitem__("feature", target))


def borrowed(opened: h5py.File) -> None:
    opened.create_dataset("feature", (4,), np.uint8, external=[("../outside/secret.txt", 0, 4)])


def virtual(opened: h5py.File) -> None:
    layout = h5py.VirtualLayout((5,), np.float32)
    layout[:] = h5py.VirtualSource("../in/other.h5", "feature", (5,))
    opened.create_virtual_dataset("feature", layout)


def zeros(opened: h5py.File) -> None:
    """Fill a file of some megabytes with three gigabytes of zeros, every chunk of which is there."""
    packed = opened.create_dataset("feature", (96, 2**23), np.float32, chunks=(1, 2**23), compression="gzip")
    chunk = zlib.compress(bytes(2**25))
    for number in range(96):
        packed.id.write_direct_chunk((number, 0), chunk)


def read(*names: str):
    def from_file(path: Path, results: Path) -> list:
        with open_h5(path, *names) as opened:
            return [opened[name][:] for name in names]

    return from_file


def ids(path: Path, results: Path) -> list[str]:
    with open_h5(path, "id") as opened:
        return read_ids(opened)


def bank(change):
    """Return a maker of a lesion bank, changed."""

    def make(folder: Path) -> Path:
        write_bank(folder / "t.h5", lesions())
        with h5py.File(folder / "t.h5", "r+") as opened:
            change(opened)
        return folder / "t.h5"

    return make


def replaced(name: str, **options):
    def change(opened: h5py.File) -> None:
        del opened[name]
        opened.create_dataset(name, **options)

    return bank(change)


def negative(opened: h5py.File) -> None:
    opened["shape"][...] = -opened["shape"][...]


def lesion_bank(path: Path, results: Path) -> list:
    return read_bank(path)


def state(**changes):
    """Return a maker of a coreset's checkpoint of ten points, three of them chosen."""

    def make(folder: Path) -> Path:
        values = {"index": np.arange(3), "radius": np.ones(3), "squared": np.ones(10), "applied": np.ones(10, np.int32)}
        coreset_checkpoint.save(folder / "t.h5", coreset_checkpoint.State(**values | changes), "owner")
        return folder / "t.h5"

    return make


def owned_by(owner: object):
    def make(folder: Path) -> Path:
        path = state()(folder)
        with h5py.File(path, "r+") as opened:
            opened.attrs["owner"] = owner
        return path

    return make


def going_on(path: Path, results: Path) -> object:
    return coreset_checkpoint.load(path, "owner", 10, 5)


def pixels(**changes):
    """Return a maker of the pixels of a variant, one of its datasets changed."""

    def make(folder: Path) -> Path:
        write_pixel_sample(folder / "t.h5", PixelSample(["a", "b"], *np.ones((3, 2, 8), np.float32)))
        with h5py.File(folder / "t.h5", "r+") as opened:
            for name, options in changes.items():
                del opened[name]
                opened.create_dataset(name, **options)
        return folder / "t.h5"

    return make


def compared(path: Path, results: Path) -> PixelSample:
    return read_pixel_sample(path)


def truncated(folder: Path) -> Path:
    path = put(data=np.zeros(1000, np.float32))(folder)
    path.write_bytes(path.read_bytes()[:-200])
    return path


def none(found: object) -> bool:
    return found is None


CASES = [
    Case(
        "external link",
        link(h5py.ExternalLink("../in/other.h5", "/feature")),
        read("feature"),
        ("something other than a dataset", *DELETE),
    ),
    Case("soft link", link(h5py.SoftLink("/other")), read("feature"), ("something other than a dataset", *DELETE)),
    Case("external storage", file(borrowed), read("feature"), ("something other than a dataset", *DELETE)),
    Case("virtual dataset", file(virtual), read("feature"), ("something other than a dataset", *DELETE)),
    Case("group in place of a dataset", file(lambda opened: opened.create_group("feature")), read("feature"), DELETE),
    Case("wrong dtype", put(data=np.zeros(5, np.int64)), read("feature"), ("int64", "floating-point", *DELETE)),
    Case("objects in place of numbers", put(data=["a", "b"]), read("feature"), ("object", *DELETE)),
    Case("numbers in place of ids", put("id", data=np.zeros(5, np.int64)), ids, ("'id'", "texts", *DELETE)),
    Case("ids that are no UTF-8", put("id", data=np.array([b"\xff\xfe"])), ids, ("'id'", "UTF-8", *DELETE)),
    Case("references in place of masks", put("mask", shape=(3,), dtype=h5py.ref_dtype), read("mask"), DELETE),
    Case("nothing in place of numbers", put(data=h5py.Empty("f")), read("feature"), DELETE),
    Case("huge declared shape", put(shape=HUGE, dtype="f4"), read("feature"), ("bytes declared and 0 stored", *DELETE)),
    Case(
        "huge declared shape in chunks",
        put(shape=HUGE, dtype="f4", chunks=(1, 300, 300), fletcher32=True),
        read("feature"),
        ("10,000,000 chunks declared and 0 stored", *DELETE),
    ),
    Case("gzip bomb", file(zeros), read("feature"), ("compressed to", "more than 2,000,000,000", *DELETE)),
    Case(
        "chunk of two gigabytes",
        put(shape=(1, 2**29), dtype="f4", chunks=(1, 2**29), compression="lzf"),
        read("feature"),
        DELETE,
    ),
    Case(
        "filter of a plug-in",
        put(data=np.zeros(99, np.float32), chunks=(9,), shuffle=True),
        read("feature"),
        ("filters [2]", *DELETE),
    ),
    Case("truncated HDF5", truncated, read("feature"), DELETE),
    Case(
        "no HDF5", lambda folder: (folder / "t.h5").write_bytes(b"x" * 999) and folder / "t.h5", read("feature"), DELETE
    ),
    Case("bank of negative sides", bank(negative), lesion_bank, ("t.h5", "at least one lesion", "delete")),
    Case(
        "bank of other pixels",
        replaced("mask", data=np.zeros(3, np.uint8)),
        lesion_bank,
        ("datasets of shape", *DELETE),
    ),
    Case(
        "bank of too many lesions",
        replaced("shape", data=np.ones((1_000_001, 2), np.int32), compression="gzip"),
        lesion_bank,
        ("1000001", "1000000", *DELETE),
    ),
    Case("bank of one flat list", replaced("shape", data=np.ones(4, np.int32)), lesion_bank, ("(4,)", *DELETE)),
    Case("bank of NaN", replaced("retina", data=np.full(len(lesions()), np.nan)), lesion_bank, ("'retina'", *DELETE)),
    Case(
        "pixels of NaN", pixels(negative={"data": np.full((2, 8), np.nan, np.float32)}), compared, ("counts", *DELETE)
    ),
    Case("pixels below zero", pixels(regions={"data": np.full((2, 8), -1.0)}), compared, ("counts", *DELETE)),
    Case("pixels of other images", pixels(positive={"data": np.ones((3, 8))}), compared, ("shape", *DELETE)),
    Case("pixels of whole numbers", pixels(positive={"data": np.ones((2, 8), int)}), compared, ("int64", *DELETE)),
    Case("pixels of a huge shape", pixels(positive={"shape": HUGE, "dtype": "f4"}), compared, ("bytes", *DELETE)),
    Case("coreset of points that do not exist", state(index=np.array([0, 1, 10])), going_on, handled=none),
    Case("coreset of another owner", owned_by(np.arange(3)), going_on, handled=none),
    Case("coreset of other types", state(squared=np.ones(10, np.float32)), going_on, handled=none),
    Case(
        "geometry that is no text",
        lambda folder: '{"geometry": [1], "height": {}}',
        lambda text, results: source_geometry(text),
        ("'source'", "delete"),
    ),
]
