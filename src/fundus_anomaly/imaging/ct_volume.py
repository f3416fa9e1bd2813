"""Volumes of a scanner (NIfTI): the header checked before memory is taken, and slices as radiologists look at them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
from nibabel.openers import ImageOpener

from fundus_anomaly.errors import InputError, Problem, raise_if_any

MAX_SIDE, MAX_VOXELS, MAX_BYTES = 4096, 10**9, 2 * 10**9
# Where voxels begin. What lies before them is read whole, and a compressed file may hold any amount of it.
_MAX_BEFORE = 2**20
# Air is at -1000 Hounsfield units and lung at -850: a chest holds more of both than this share of its voxels.
_AIR, _LEAST_AIR = -500.0, 0.01
_REMEDY = "replace the file, or remove its row from the dataset's registry"


@dataclass(frozen=True)
class VolumeHeader:
    """What the header of a volume says.

    Attributes:
        shape: Number of voxels along each stored axis.
        axes: Where each stored axis leads, e.g. ``("L", "P", "S")``: to the left, to the back, to the head.
    """

    shape: tuple[int, int, int]
    axes: tuple[str, str, str]

    @property
    def slices(self) -> int:
        """Number of axial slices, from foot to head."""
        return next(size for size, axis in zip(self.shape, self.axes, strict=True) if axis in "SI")


class CtVolume:
    """The axial slices of one volume, which lies in memory once, as it is stored.

    Args:
        path: The NIfTI file, ``.nii`` or ``.nii.gz``, its axes in any order and direction.

    Raises:
        InputError: If the header is not one that :func:`read_header` accepts, or the voxels cannot be read.
    """

    def __init__(self, path: str | Path):
        image, _ = _opened(path)
        try:
            stored = np.asanyarray(image.dataobj.get_unscaled())
        except Exception as error:
            # A file is untrusted: whatever a broken one makes its reader raise, it cannot be used.
            raise InputError(_unreadable(path, error)) from error
        canonical = nibabel.apply_orientation(stored, nibabel.io_orientation(image.affine))
        # Axes now lead to the right, to the front and to the head; rows go from front to back, columns to the left.
        self._slices = canonical[::-1, ::-1].transpose(2, 1, 0)
        self._slope, self._intercept = np.float32(image.dataobj.slope), np.float32(image.dataobj.inter)
        self._path = path

    def share_below(self, value: float) -> float:
        """Return the share of all voxels below a value, from 0 to 1; a voxel that is no number is not below it."""
        with np.errstate(over="ignore", invalid="ignore"):
            below = (
                np.count_nonzero(one.astype(np.float32) * self._slope + self._intercept < value) for one in self._slices
            )
            return sum(below) / self._slices.size

    def __len__(self) -> int:
        """Return the number of axial slices."""
        return len(self._slices)

    def __getitem__(self, number: int) -> np.ndarray:
        """Return a slice as ``(rows, columns)`` float32: the front of the body up, the patient's right on the left.

        Args:
            number: Counted from foot to head, from 0.

        Raises:
            InputError: If a voxel is infinite or not a number.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            values = self._slices[number].astype(np.float32) * self._slope + self._intercept
        broken = np.count_nonzero(~np.isfinite(values))
        if broken:
            where, found = f"{self._path}, slice {number}", f"{broken} voxels that are infinite or not a number"
            raise InputError(Problem(where, found, "finite values", _REMEDY))
        return values


def require_hounsfield_units(volume: CtVolume, path: str | Path) -> None:
    """Raise if a volume of a chest holds next to no air: its numbers are then no Hounsfield units.

    Commonly they were stored without a sign, with 1024 added to each.

    Args:
        volume: The volume.
        path: Its file.

    Raises:
        InputError: If less than 1 % of its voxels are below -500.
    """
    share = volume.share_below(_AIR)
    if share < _LEAST_AIR:
        found = f"{share:.2%} of the voxels below {_AIR:g}, where air and lung are"
        allowed = f"Hounsfield units, {_LEAST_AIR:.0%} of them or more below {_AIR:g}"
        remedy = "set the header's scl_inter so that air is at -1000 (commonly: subtract 1024), or replace the file"
        raise InputError(Problem(str(path), found, allowed, remedy))


def windowed(values: np.ndarray, level: float, width: float) -> np.ndarray:
    """Return Hounsfield units as grey levels: what lies below the window is 0, what lies above it 255.

    Args:
        values: Any shape, float, in Hounsfield units.
        level: Middle of the window in Hounsfield units.
        width: Its width, above 0.

    Returns:
        The same shape, uint8.
    """
    share = (values - np.float32(level - width / 2)) / np.float32(width)
    return (share.clip(0, 1) * 255).round().astype(np.uint8)


def read_header(path: str | Path) -> VolumeHeader:
    """Return what the header of a volume says; no voxel is read.

    Raises:
        InputError: If the file is no NIfTI volume of three axes and plain real numbers, if a side is longer than
            ``MAX_SIDE``, if there are more than ``MAX_VOXELS`` voxels or ``MAX_BYTES`` of them, or if it does not
            say where its axes lead: by its codes, by its matrix, or in two ways.
    """
    _, header = _opened(path)
    return header


def _opened(path: str | Path) -> tuple[nibabel.Nifti1Image, VolumeHeader]:
    """Return an image of which only the header was read, and the header once it was checked."""
    try:
        image = _kind_of(path).from_filename(path, mmap=False)
        shape, affine, kind, header = image.shape, np.asarray(image.affine), image.get_data_dtype(), image.header
    except Exception as error:
        # As above: nibabel, gzip and numpy raise many kinds of errors for a broken header.
        raise InputError(_unreadable(path, error)) from error
    problems = []
    if len(shape) != 3 or not all(1 <= side <= MAX_SIDE for side in shape) or np.prod(shape) > MAX_VOXELS:
        found = f"{'×'.join(map(str, shape)) or 'no'} voxels"
        allowed = f"three sides of 1 to {MAX_SIDE} voxels, at most {MAX_VOXELS:,} voxels"
        problems.append(Problem(str(path), found, allowed, _REMEDY))
    elif int(np.prod(shape)) * kind.itemsize > MAX_BYTES:
        found = f"{int(np.prod(shape)) * kind.itemsize:,} bytes of voxels"
        problems.append(Problem(str(path), found, f"at most {MAX_BYTES:,}", _REMEDY))
    if kind.kind not in "iuf":
        problems.append(Problem(str(path), f"voxels of type {kind}", "integers or floating-point numbers", _REMEDY))
    # A column of zeros, too, leads nowhere.
    axes = nibabel.aff2axcodes(affine) if np.isfinite(affine).all() else (None,)
    codes = int(header["sform_code"]), int(header["qform_code"])
    if not any(codes):
        # nibabel makes up left, front and head then.
        allowed = "one above 0: without it, nothing says which side is left and which end is the head"
        remedy = "store the volume with its orientation (sform or qform and its code), or remove its row"
        problems.append(Problem(str(path), "sform_code 0 and qform_code 0", allowed, remedy))
    elif all(codes) and None not in axes and (other := _axes_of_qform(image)) not in (axes, None):
        found = f"axes {''.join(axes)} by its sform and {''.join(other)} by its qform"
        problems.append(Problem(str(path), found, "one orientation", _REMEDY))
    elif None in axes:
        matrix = np.array2string(affine, precision=3).replace("\n", "")
        problems.append(
            Problem(str(path), f"the affine matrix {matrix}", "one that says where each axis leads", _REMEDY)
        )
    raise_if_any(problems)
    return image, VolumeHeader(tuple(int(side) for side in shape), axes)


def _axes_of_qform(image: nibabel.Nifti1Image) -> tuple[str, ...] | None:
    """Return where the axes lead by a header's qform; None where it cannot be said."""
    with suppress(Exception):
        matrix = image.header.get_qform()
        axes = nibabel.aff2axcodes(matrix) if np.isfinite(matrix).all() else (None,)
        return None if None in axes else axes
    return None


def _kind_of(path: str | Path) -> type[nibabel.Nifti1Image]:
    """Return NIfTI-1 or NIfTI-2 by the first bytes; nibabel itself would look for thirty other formats.

    Raises:
        ValueError: If the file is neither, or keeps more before its voxels than a header.
        Exception: Of many kinds, if it cannot be read.
    """
    with ImageOpener(str(path)) as file:
        head = file.read(nibabel.Nifti2Header.sizeof_hdr)
    for kind in (nibabel.Nifti1Image, nibabel.Nifti2Image):
        if kind.header_class.may_contain_header(head):
            header = kind.header_class(head[: kind.header_class.sizeof_hdr])
            if not header.get_data_offset() <= _MAX_BEFORE:
                raise ValueError(f"voxels that begin at byte {header.get_data_offset():,}")
            return kind
    raise ValueError("no header of NIfTI-1 or NIfTI-2")


def _unreadable(path: str | Path, error: Exception) -> Problem:
    message = " ".join(str(error).split())
    return Problem(
        str(path), f"a file that cannot be read ({type(error).__name__}: {message})", "a whole NIfTI volume", _REMEDY
    )
