"""Levels of more than 8 bits: read as the file stores them, and reduced to 8 bits by the depth that the file uses."""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.imaging.orientation import orientation, upright

_BITS_TAG, _PHOTOMETRIC_TAG, _MAX_SAMPLE_TAG, _PLANAR_TAG, _SAMPLE_FORMAT_TAG = 258, 262, 281, 284, 339
_WHITE_IS_ZERO, _SEPARATE_PLANES, _SIGNED = 0, 2, 2
# Pillow reads colour of 16 bits by its upper bytes. Read once more in the other byte order, it gives the lower ones.
_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
_COLOURS = ("RGB;16", "RGBA;16", "RGBX;16", "R;16", "G;16", "B;16")
_COLOUR_MODES = ("RGB", "RGBA", "LA", "CMYK", "YCbCr", "LAB")
_FULL = 65535
# Rounding of single precision beyond the ends of a range is no sign of another range.
_SLACK = 1e-4
_MAX_CHUNKS = 10_000
_REMEDY = "save the file with 8 bits a channel, or exclude its id in data.exclude"


@dataclass(frozen=True)
class Levels:
    """The levels of a file.

    Attributes:
        values: ``(H, W)`` grey or ``(H, W, 3)`` RGB, upright, of the file's own kind of number; 0 is black.
        alpha: ``(H, W)`` float32 in [0, 1], or None where nothing is transparent.
        white: The level that is full brightness.
        container: The largest level that the file's kind of number holds.
    """

    values: np.ndarray
    alpha: np.ndarray | None
    white: float
    container: float

    def as_rgb(self) -> np.ndarray:
        """Return ``(H, W, 3)`` uint8 RGB, laid over black, each level rounded to the nearest of 256."""
        if self.values.ndim == 2:
            return np.repeat(self._eight_bits(self.values)[..., None], 3, axis=2)
        # One channel at a time: a wider number for each pixel takes several times the memory of the result.
        return np.stack([self._eight_bits(self.values[..., channel]) for channel in range(3)], axis=2)

    def _eight_bits(self, channel: np.ndarray) -> np.ndarray:
        if channel.dtype.kind != "f" and self.alpha is None:
            whole, white = channel.astype(np.int32), int(self.white)
            return ((whole * 255 + white // 2) // white).astype(np.uint8)
        level = channel.astype(np.float32) * np.float32(255 / self.white)
        return (level if self.alpha is None else level * self.alpha).round().clip(0, 255).astype(np.uint8)


def prepare(image: Image.Image) -> dict[str, str] | None:
    """Make Pillow read the upper bytes of colour of 16 bits, and say how it is to read the lower ones.

    Args:
        image: The opened file, its pixels not yet read: this comes before :func:`.orientation.orientation`.

    Returns:
        The names under which Pillow gives the lower bytes, by those of the file; empty where the upper reading gives
        both; None where a channel has 8 bits or fewer, or where there is only grey.

    Raises:
        OSError: If Pillow cannot read files of this kind.
    """
    if image.format not in ("PNG", "TIFF") or image.mode not in _COLOUR_MODES:
        return None
    upper, lower = _byte_modes(image)
    if upper:
        _read_as(image, upper)
    return lower


def deep_levels(
    image: Image.Image, turn: int, lower: dict[str, str] | None, path: str | Path, bits_used: int | None
) -> Levels | None:
    """Return the levels of a file that stores more than 8 bits a channel; None where it stores 8 or fewer.

    What is white is decided by what the file states: the number of a TIFF's bits and whether they have a sign; its
    MaxSampleValue where that is 2ⁿ − 1 (any other is a statistic of one picture); a PNG's chunk sBIT if no level has
    more bits (PNG's specification has levels scaled up to 16 bits, and then those are white). Where a file of 16 bits
    or more states nothing, ``bits_used`` decides, for all files alike. Whole numbers of 32 bits are taken to hold 16.
    A float is taken as 0–1 where no value is above 1, else as 0–255.

    Args:
        image: The opened file, after :func:`prepare`.
        turn: Its orientation.
        lower: What :func:`prepare` returned.
        path: Its path.
        bits_used: Bits that hold the levels where a file does not state it, 8 to 16; None where any level is taken, as
            in masks: white is then 255 if no level is above, else the container's largest.

    Raises:
        InputError: If a level is below 0, above white, or no finite number.
    """
    signed = image.format == "TIFF" and _SIGNED in _numbers(image, _SAMPLE_FORMAT_TAG)
    if lower is not None:
        return _colour_levels(image, turn, lower, path, bits_used)
    if image.mode == "F":
        return _float_levels(np.asarray(upright(image, turn)), _is_white_zero(image), path)
    if image.mode == "L" and signed:
        return _checked(Levels(np.asarray(upright(image, turn)).view(np.int8), None, 127, 127), path, "signed, 8 bits")
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _grey_levels(image, turn, signed, path, bits_used)
    return None


def _float_levels(values: np.ndarray, inverted: bool, path: str | Path) -> Levels:
    """Return the levels of a TIFF of floating-point numbers."""
    broken = np.count_nonzero(~np.isfinite(values))
    if broken:
        found = f"{broken} pixels that are infinite or not a number"
        raise InputError(Problem(str(path), found, "finite levels", _REMEDY))
    white = 1.0 if values.max(initial=0) <= 1 + _SLACK else 255.0
    values = _checked(Levels(values, None, white, white), path, "floats: 0 to 1, or 0 to 255").values.clip(0, white)
    return Levels(white - values if inverted else values, None, white, white)


def _grey_levels(image: Image.Image, turn: int, signed: bool, path: str | Path, bits_used: int | None) -> Levels:
    """Return the levels of a grey file of whole numbers."""
    bits = max(_numbers(image, _BITS_TAG), default=16) if image.format == "TIFF" else 16
    values = np.asarray(upright(image, turn))
    if bits > 16 and not signed:
        # Pillow keeps unsigned numbers of 32 bits in signed ones.
        values = values.view(np.uint32)
    transparent = image.info.get("transparency")
    alpha = (values != transparent).astype(np.float32) if isinstance(transparent, int) else None
    container = 2 ** (bits - signed) - 1
    if bits_used is not None:
        container = min(container, _FULL)
    levels = _with_white(values, alpha, container, image, path, bits_used)
    if _is_white_zero(image):
        return replace(levels, values=values.dtype.type(levels.white) - values)
    return levels


def _colour_levels(
    image: Image.Image, turn: int, lower: dict[str, str], path: str | Path, bits_used: int | None
) -> Levels:
    """Return the levels of a file of 16 bits a channel that is more than grey."""
    values = np.asarray(upright(image, turn)).astype(np.uint16)
    if lower:
        values <<= 8
        with Image.open(path, formats=(image.format,)) as again:
            _read_as(again, lower)
            values |= np.asarray(upright(again, orientation(again)))
        colours, alpha = values[..., :3], values[..., 3] if values.shape[2] == 4 else None
    else:
        # The four bytes of a pixel, the upper one first: grey, then alpha.
        colours, alpha = values[..., 0] << 8 | values[..., 1], values[..., 2] << 8 | values[..., 3]
    transparent = image.info.get("transparency")
    if isinstance(transparent, tuple):
        alpha = (colours != np.array(transparent, np.uint16)).any(axis=2) * np.uint16(_FULL)
    share = None if alpha is None else alpha / np.float32(_FULL)
    return _with_white(colours, share, _FULL, image, path, bits_used)


def _byte_modes(image: Image.Image) -> tuple[dict[str, str], dict[str, str] | None]:
    """Return how Pillow is to name a file's pixels so that it gives their upper bytes, and their lower ones."""
    names = {tile.args if isinstance(tile.args, str) else tile.args[0] for tile in image.tile}
    if image.format == "TIFF":
        planes = image.tag_v2.get(_PLANAR_TAG, 1) == _SEPARATE_PLANES
        if max(_numbers(image, _BITS_TAG), default=8) < 16:
            return {}, None
        if planes and names <= {"R", "G", "B"}:
            # Pillow takes each plane's numbers for bytes.
            order = "B" if image.tag_v2.prefix == b"MM" else "L"
            upper = {name: f"{name};16{order}" for name in names}
            return upper, {name: f"{name};16{_OTHER_ORDER[order]}" for name in names}
        if planes:
            raise OSError("16 bits a channel in separate planes of this kind cannot be read")
    if names == {"LA;16B"}:
        return {"LA;16B": "RGBA"}, {}
    if not any(";16" in name for name in names):
        return {}, None
    if not all(name[:-1] in _COLOURS for name in names):
        raise OSError(f"16 bits a channel of the kind {', '.join(sorted(names))} cannot be read")
    return {name: name for name in names}, {name: name[:-1] + _OTHER_ORDER[name[-1]] for name in names}


def _read_as(image: Image.Image, names: dict[str, str]) -> None:
    """Make Pillow read an opened file's pixels under other names."""
    image.tile = [
        tile._replace(args=names[tile.args] if isinstance(tile.args, str) else (names[tile.args[0]], *tile.args[1:]))
        for tile in image.tile
    ]


def _with_white(
    values: np.ndarray,
    alpha: np.ndarray | None,
    container: int,
    image: Image.Image,
    path: str | Path,
    bits_used: int | None,
) -> Levels:
    """Return levels with the white that their file states, or with that of ``bits_used``."""
    white, why = _stated_white(image)
    if why == "sBIT" and _is_scaled_up(values, white):
        white = container
    if not why and container < 2**15 - 1:
        white, why = container, "as many as the file's bits hold"
    if not why and bits_used is None:
        # A mask of 8 bits means the same if it is stored in more.
        white, why = 255 if values.max(initial=0) <= 255 else container, "as many as the file's numbers hold"
    elif not why:
        white, why = 2**bits_used - 1, f"data.bits_used: {bits_used}"
    return _checked(Levels(values, alpha, min(white, container), container), path, why)


def _is_scaled_up(values: np.ndarray, white: int) -> bool:
    """Return whether levels of fewer bits were multiplied to fill 16, as PNG's specification wants.

    They were if one is too large for those bits. A dark picture may hold none: then scaled levels are all multiples of
    the step between them, and finer ones than 8 bits would give.
    """
    bits, used = white.bit_length(), int(np.bitwise_or.reduce(values, axis=None))
    step, coarse = 2 ** (16 - bits), 2 ** (bits - 8)
    return used > white or (used % step == 0 and used % coarse != 0)


def _checked(levels: Levels, path: str | Path, why: str) -> Levels:
    """Return levels that lie between black and white.

    Raises:
        InputError: If one does not.
    """
    low, high = levels.values.min(initial=0), levels.values.max(initial=0)
    if low < -_SLACK or high > levels.white * (1 + _SLACK):
        found, allowed = f"levels from {low:,} to {high:,}", f"levels from 0 to {levels.white:,.0f} ({why})"
        raise InputError(Problem(str(path), found, allowed, _REMEDY))
    return levels


def _stated_white(image: Image.Image) -> tuple[int, str]:
    """Return the largest level that a file says to use, and where it does; nothing where it does not."""
    if image.format == "PNG":
        bits = _significant_bits(Path(image.filename))
        return (2**bits - 1, "sBIT") if 8 <= bits <= 16 else (0, "")
    largest = max(_numbers(image, _MAX_SAMPLE_TAG), default=0)
    return (largest, "MaxSampleValue") if largest >= 255 and largest & (largest + 1) == 0 else (0, "")


def _significant_bits(path: Path) -> int:
    """Return the most significant bits of any channel by a PNG's chunk sBIT; 0 without one. Pillow does not read it."""
    with path.open("rb") as file:
        file.seek(8)
        for _ in range(_MAX_CHUNKS):
            head = file.read(8)
            if len(head) < 8 or head[4:] in (b"IDAT", b"IEND"):
                break
            (length,) = struct.unpack(">I", head[:4])
            if head[4:] == b"sBIT":
                # Not of alpha, which is the last of two or of four.
                channels = file.read(min(length, 4))
                return max(channels[: len(channels) - (len(channels) % 2 == 0)], default=0)
            file.seek(length + 4, 1)
    return 0


def _is_white_zero(image: Image.Image) -> bool:
    """Return whether 0 is white; Pillow turns only levels of up to 8 bits round."""
    return image.format == "TIFF" and image.tag_v2.get(_PHOTOMETRIC_TAG, 0) == _WHITE_IS_ZERO


def _numbers(image: Image.Image, tag: int) -> tuple[int, ...]:
    """Return the whole numbers of a TIFF's tag."""
    value = image.tag_v2.get(tag, ())
    return tuple(one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, int))
