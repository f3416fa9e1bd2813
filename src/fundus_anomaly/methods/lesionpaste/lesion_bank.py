"""The lesion bank as a file: patches of all sizes, end to end, with where each begins (LesionPaste, Sec. 2.1)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import h5py
import numpy as np

from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.files.hdf5 import create_h5, open_h5, read_texts, write_texts
from fundus_anomaly.methods.lesionpaste.lesion import Lesion

_FIELDS = ("patch", "mask", "shape", "box", "retina", "kind", "source", "area")
_PIXELS_A_CHUNK = 65_536
# A photograph has some hundred lesions. Names of types and ids are as long as file names at most.
_MAX_LESIONS, _LONGEST_TEXT = 1_000_000, 4096
_REMEDY = "delete the bank and run the same command again"


def write_bank(path: str | os.PathLike[str], lesions: Sequence[Lesion]) -> None:
    """Write a lesion bank, whole or not at all.

    Datasets, each with checksums: ``patch`` (p, 3) uint8 and ``mask`` (p,) uint8, the pixels of all lesions, row by
    row and end to end; ``shape`` (n, 2) int32; ``box`` (n, 4) int32, ``(top, left, h, w)`` in the photograph;
    ``retina`` (n,) float64, the diameter of its field of view; ``kind`` and ``source`` (n,) text; ``area`` (n,) int64.

    Args:
        path: The HDF5 file.
        lesions: The n lesions, at least one.
    """
    with create_h5(path) as file:
        _store(file, "patch", np.concatenate([lesion.patch.reshape(-1, 3) for lesion in lesions]))
        _store(file, "mask", np.concatenate([lesion.mask.ravel() for lesion in lesions]).astype(np.uint8))
        _store(file, "shape", np.array([lesion.mask.shape for lesion in lesions], np.int32))
        _store(file, "box", np.array([lesion.box for lesion in lesions], np.int32))
        _store(file, "retina", np.array([lesion.retina for lesion in lesions], np.float64))
        _store(file, "area", np.array([lesion.area for lesion in lesions], np.int64))
        write_texts(file, "kind", [lesion.kind for lesion in lesions])
        write_texts(file, "source", [lesion.source for lesion in lesions])


def _store(file: h5py.File, name: str, values: np.ndarray) -> None:
    chunks = (min(len(values), _PIXELS_A_CHUNK), *values.shape[1:])
    file.create_dataset(name, data=values, chunks=chunks, fletcher32=True, compression="gzip", compression_opts=1)


def read_bank(path: str | os.PathLike[str], most_bytes: int = 2_000_000_000) -> list[Lesion]:
    """Return the lesions of a bank.

    Args:
        path: A file that :func:`write_bank` wrote.
        most_bytes: Pixels that would take more memory than this are refused before they are read.

    Raises:
        InputError: If the file is damaged, does not fit together, or is too large.
    """
    with open_h5(path, *_FIELDS) as file:
        raise_if_any(_too_many(str(path), file))
        shapes = file["shape"][:].astype(np.int64)
        ends = np.cumsum(shapes.prod(axis=1))
        raise_if_any(_misfits(str(path), file, shapes, most_bytes))
        patch, mask = file["patch"][:], file["mask"][:].astype(bool)
        boxes, retinas = file["box"][:], file["retina"][:]
        kinds, sources = read_texts(file, "kind"), read_texts(file, "source")
    if not (np.isfinite(retinas) & (retinas > 0)).all():
        raise InputError(Problem(f"{path}, dataset 'retina'", "values that are not diameters", "above 0", _REMEDY))
    return [
        Lesion(
            kinds[number],
            patch[end - height * width : end].reshape(height, width, 3),
            mask[end - height * width : end].reshape(height, width),
            tuple(int(value) for value in boxes[number]),
            sources[number],
            float(retinas[number]),
        )
        for number, (end, (height, width)) in enumerate(zip(ends.tolist(), shapes.tolist(), strict=True))
    ]


def _too_many(path: str, file: h5py.File) -> list[Problem]:
    """Return a problem if the number of lesions, or a text, is too large to be read."""
    shape, width = file["shape"].shape, max(file[name].dtype.itemsize for name in ("kind", "source"))
    if len(shape) == 2 and shape[1] == 2 and shape[0] <= _MAX_LESIONS and width <= _LONGEST_TEXT:
        return []
    found, allowed = f"shapes {shape}, texts of {width} bytes", f"at most ({_MAX_LESIONS}, 2) and {_LONGEST_TEXT}"
    return [Problem(path, found, allowed, _REMEDY)]


def _misfits(path: str, file: h5py.File, shapes: np.ndarray, most_bytes: int) -> list[Problem]:
    # Python's integers, which no product of tampered sides exceeds.
    pixels, count = sum(height * width for height, width in shapes.tolist()), len(shapes)
    found = {name: file[name].shape for name in _FIELDS}
    wanted = {"patch": (pixels, 3), "mask": (pixels,), "shape": (count, 2), "box": (count, 4)}
    wanted |= dict.fromkeys(("retina", "kind", "source", "area"), (count,))
    if not count or found != wanted or shapes.min() < 1:
        return [Problem(path, f"datasets of shape {found}", f"{wanted} with at least one lesion", _REMEDY)]
    if 4 * pixels > most_bytes:
        return [
            Problem(path, f"{4 * pixels:,} bytes of patches", f"at most {most_bytes:,}", "name fewer source images")
        ]
    return []


def require_kinds(
    lesions: Sequence[Lesion], kinds: Sequence[str], sources: Sequence[str], masks: Mapping[str, Sequence[str]]
) -> None:
    """Raise if a type of lesion that is to be pasted has no lesion in the bank.

    Args:
        lesions: The bank.
        kinds: Types that the mixes of the configuration name.
        sources: Ids of the annotated images, for the error.
        masks: The mask files of each type, for the error.

    Raises:
        InputError: With every type that is missing.
    """
    held = {lesion.kind for lesion in lesions}
    there, images = ", ".join(sorted(held)) or "none", ", ".join(sources)
    raise_if_any(
        Problem(
            f"lesions of {images}",
            f"no lesion of type {kind!r} (there are: {there}) and {_files(masks.get(kind))}",
            "at least one of each type that lesionpaste.mix names",
            "remove the type from lesionpaste.mix, or name another image in lesionpaste.source.images",
        )
        for kind in dict.fromkeys(kinds)
        if kind not in held
    )


def _files(masks: Sequence[str] | None) -> str:
    """Say which mask files hold nothing."""
    return f"nothing marked in {', '.join(map(repr, masks))}" if masks else "no mask file of this type"


def require_fit(lesions: Sequence[Lesion]) -> None:
    """Raise if a lesion is wider than half of its retina.

    Raises:
        InputError: With every lesion that is too large.
    """
    large = [lesion for lesion in lesions if max(lesion.mask.shape) > lesion.retina / 2]
    if large:
        raise InputError(
            Problem(
                f"lesion of type {lesion.kind!r} at {lesion.box[:2]} of {lesion.source}",
                f"{max(lesion.mask.shape)} pixels of {lesion.retina:.0f} that the retina is wide",
                "at most half of the retina",
                "check if the mask is inverted (masks_inverted), or name another image in lesionpaste.source.images",
            )
            for lesion in large
        )
