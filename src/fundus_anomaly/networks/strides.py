"""Checks the size of a network's levels: one position for each 8 and each 16 pixels, along both axes."""

from __future__ import annotations

from collections.abc import Sequence

STRIDES = (8, 16)


def fits(level: Sequence[int], photograph: Sequence[int], stride: int) -> bool:
    """Return whether a level has a position for each ``stride`` pixels along both axes, a rest counted or not.

    Args:
        level: Its ``(h, w)``.
        photograph: ``(H, W)`` in pixels.
        stride: 8 for level 2, 16 for level 3 (ReSAD, Sec. 3.1).
    """
    return all(
        positions in (pixels // stride, -(-pixels // stride))
        for positions, pixels in zip(level, photograph, strict=True)
    )


def misfit(level2: Sequence[int], level3: Sequence[int], photograph: Sequence[int]) -> str:
    """Return what is wrong with the levels of one photograph, in words; ``""`` where nothing is.

    Args:
        level2: ``(h, w, c)``.
        level3: ``(h, w, c)``.
        photograph: ``(H, W)`` in pixels.
    """
    levels = tuple(level2), tuple(level3)
    if all(
        len(level) == 3 and fits(level[:2], photograph, stride) for level, stride in zip(levels, STRIDES, strict=True)
    ):
        return ""
    found = " and ".join("×".join(map(str, level[:2])) for level in levels)
    wanted = " and ".join("×".join(str(-(-pixels // stride)) for pixels in photograph) for stride in STRIDES)
    return f"levels of {found} positions for {'×'.join(map(str, photograph))} pixels, not {wanted} (strides 8 and 16)"
