"""What a browser lays over a photograph: the heat map as a picture that can be faded, and outlines."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from PIL import Image

from fundus_anomaly.report.figures.heat_map import colours, shares

# Pixels by which an outline may leave the edge of what it surrounds.
_TOLERANCE = 0.6
# Half of a pixel's area: what covers less of it is not outlined.
_HALF = 127
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" fill="none" stroke-linejoin="round" '
    'stroke-linecap="round">{paths}</svg>\n'
)
_PATH = '<path d="{d}" stroke="{colour}" stroke-width="{width}" vector-effect="non-scaling-stroke"/>'


def heat_layer(levels: np.ndarray) -> bytes:
    """Return levels in the colours of heat maps, the lower the more transparent, as a PNG.

    Args:
        levels: ``(H,W)`` uint8, from :func:`..figures.heat_map.levels`.
    """
    picture = Image.fromarray(levels, mode="P")
    picture.putpalette(colours().tobytes())
    file = io.BytesIO()
    alpha = np.rint(255 * shares()).astype(np.uint8).tobytes()
    picture.save(file, "PNG", transparency=alpha, optimize=False)
    return file.getvalue()


def contour(levels: np.ndarray) -> str:
    """Return the outline of all that is painted as an SVG.

    Args:
        levels: ``(H,W)`` uint8, 0 where nothing is painted.
    """
    path = _outline(levels > 0)
    return _svg(levels.shape, [(path, "#000000", 4), (path, "#ffffff", 1.8)])


def truth(coverage: np.ndarray, colour_of: Mapping[str, str]) -> str:
    """Return the outlines of annotated lesions as an SVG, a colour a type.

    Args:
        coverage: ``(L,H,W)`` uint8, how much of each pixel is lesion, 255 for all of it.
        colour_of: A colour for each of the L types, in their order.
    """
    paths = [(_outline(outlined(layer)), colour) for layer, colour in zip(coverage, colour_of.values(), strict=True)]
    halos = [(path, "#000000", 4.0) for path, _ in paths if path]
    return _svg(coverage.shape[1:], [*halos, *((path, colour, 2.0) for path, colour in paths if path)])


def outlined(coverage: np.ndarray) -> np.ndarray:
    """Return which pixels lie within the outlines of a type of lesion, bool, from how much of each pixel is lesion."""
    return coverage > _HALF


def thumbnail(picture: np.ndarray, longer_side: int) -> np.ndarray:
    """Return a picture, made smaller if need be.

    Args:
        picture: ``(H,W)`` or ``(H,W,3)`` uint8.
        longer_side: At most so many pixels.
    """
    shrink = min(1.0, longer_side / max(picture.shape[:2]))
    width, height = (max(1, round(side * shrink)) for side in picture.shape[1::-1])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def jpeg(picture: np.ndarray, quality: int) -> bytes:
    """Return a picture, ``(H,W,3)`` uint8 RGB, as a JPEG of a quality of 1 to 100."""
    return cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def png(picture: np.ndarray) -> bytes:
    """Return a picture, ``(H,W,3)`` uint8 RGB, as a PNG."""
    return cv2.imencode(".png", picture[..., ::-1])[1].tobytes()


def _outline(inside: np.ndarray) -> str:
    """Return the borders of a region, those of its holes too, as the data of an SVG's path."""
    found, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    return "".join(
        "M" + "L".join(f"{x + 0.5:g} {y + 0.5:g}" for x, y in cv2.approxPolyDP(line, _TOLERANCE, True)[:, 0]) + "Z"
        for line in found
    )


def _svg(shape: Sequence[int], paths: Sequence[tuple[str, str, float]]) -> str:
    drawn = "".join(_PATH.format(d=d, colour=colour, width=width) for d, colour, width in paths if d)
    return _SVG.format(width=shape[1], height=shape[0], paths=drawn)
