"""Which pixels of a mask are lesion: one rule for all file formats, so that the audit reports what is used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SHOWN = 8
# Of masks without a bright level: this many are numbers of lesion types, more are edges of a faint drawing.
_MAX_LABELS = 16
_MAX_COLOURS = 256


@dataclass(frozen=True)
class MaskReading:
    """A mask as it is understood.

    Attributes:
        bright: ``(H, W)`` bool: what the file marks, before any inversion.
        values: The levels or colours that occur, the first eight, as text.
        value_count: How many occur.
        rule: What is marked, in words: it completes "marked is what is …".
    """

    bright: np.ndarray
    values: str
    value_count: int
    rule: str


class UnclearMaskError(ValueError):
    """A mask that can be understood in more than one way; the text says what was found."""


def read_grey(levels: np.ndarray, white: float) -> MaskReading:
    """Return how a grey mask is understood: above half of white is marked.

    Where no level reaches half, all above zero is, if there are at most 16 levels: masks are drawn with the value 1,
    or number the types of lesion.

    Args:
        levels: ``(H, W)`` integers or floats from 0 on; 0 is black.
        white: The level that is full brightness.

    Raises:
        UnclearMaskError: If there are more levels and none reaches half: it cannot be said where a lesion ends.
    """
    used = _used(levels)
    if used.size and used[-1] > white / 2:
        return MaskReading(levels > white / 2, _shown(used), len(used), f"brighter than half of white ({white:g})")
    if np.count_nonzero(used) > _MAX_LABELS:
        raise UnclearMaskError(f"{len(used)} levels up to {used[-1]:g}, none above half of white ({white:g})")
    return MaskReading(levels > 0, _shown(used), len(used), "above 0, since no level is above half of white")


def read_palette(indices: np.ndarray, colours: np.ndarray) -> MaskReading:
    """Return how a mask with a palette is understood.

    Shades of one hue, grey among them, go by their brightness, as they do without a palette. Colours of several hues
    are names: the background is index 0 and black, and everything else is marked.

    Args:
        indices: ``(H, W)`` uint8.
        colours: ``(256, 3)`` uint8 RGB of each index.

    Raises:
        UnclearMaskError: If there are several hues and another background, or shades as :func:`read_grey` refuses them.
    """
    used = np.flatnonzero(np.bincount(indices.ravel(), minlength=len(colours)))
    if is_one_hue(colours[used]):
        return read_grey(colours.max(axis=1)[indices], 255)
    black = used[colours[used].max(axis=1) == 0]
    if colours[0].any() or black.tolist() not in ([], [0]):
        raise UnclearMaskError(f"a palette of several hues ({_names(colours[used])}) whose index 0 alone is not black")
    return MaskReading(indices > 0, _names(colours[used]), len(used), "of another colour than black, index 0")


def read_colours(rgb: np.ndarray, exact: bool) -> MaskReading:
    """Return how a mask of colours without a palette is understood: as the same picture with one is.

    Args:
        rgb: ``(H, W, 3)`` uint8.
        exact: Whether the colours are those that were drawn; JPEG's are not, and go by the brightest channel.

    Raises:
        UnclearMaskError: If there are at most 256 colours of several hues, none of them black, or shades as
            :func:`read_grey` refuses them.
    """
    codes = rgb[..., 0].astype(np.int32) << 16 | rgb[..., 1].astype(np.int32) << 8 | rgb[..., 2]
    seen = np.zeros(1 << 24, bool)
    seen[codes] = True
    used = np.flatnonzero(seen)
    colours = np.stack([used >> 16, used >> 8 & 255, used & 255], axis=1).astype(np.uint8)
    if not exact or len(used) > _MAX_COLOURS or is_one_hue(colours):
        return read_grey(rgb.max(axis=2), 255)
    if used[0] != 0:
        raise UnclearMaskError(f"colours of several hues ({_names(colours)}), none of them black")
    return MaskReading(codes > 0, _names(colours), len(used), "of another colour than black")


def is_one_hue(colours: np.ndarray) -> bool:
    """Return whether colours, ``(k, 3)`` uint8, are darker and brighter shades of one, as all greys are."""
    wide = colours.astype(np.int32)
    brightest = wide[wide.max(axis=1).argmax()] if len(wide) else np.zeros(3, np.int32)
    apart = np.abs(wide * brightest.max() - brightest * wide.max(axis=1, keepdims=True))
    # A level is rounded by up to a half, in the channel itself and in the brightest one.
    return bool((apart <= 2 * brightest.max()).all())


def _used(levels: np.ndarray) -> np.ndarray:
    """Return the levels that occur, rising."""
    if levels.dtype.kind in "ub" and levels.dtype.itemsize <= 2:
        return np.flatnonzero(np.bincount(levels.ravel()))
    return np.unique(levels)


def _shown(used: np.ndarray) -> str:
    return " ".join(f"{value:g}" for value in used[:_SHOWN]) + (" …" if len(used) > _SHOWN else "")


def _names(colours: np.ndarray) -> str:
    names = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in colours[:_SHOWN].tolist()]
    return " ".join(names) + (" …" if len(colours) > _SHOWN else "")
