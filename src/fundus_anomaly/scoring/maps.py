"""From distances at feature positions to an anomaly map and image scores (ReSAD, Sec. 3.3)."""

from __future__ import annotations

import numpy as np

IMAGE_SCORES = ("maximum", "mean", "top_quantile", "smoothed_maximum", "inner_maximum", "inner_quantile")


def anomaly_map(
    distance: np.ndarray,
    image_size: tuple[int, int],
    displacement: tuple[int, int] = (0, 0),
    smoothing: float = 0.0,
) -> np.ndarray:
    """Return A, the distance map brought to the image's size by bilinear interpolation, and to its place.

    Args:
        distance: D of eq. 7, ``(h, w)`` float32.
        image_size: ``(H, W)`` in pixels.
        displacement: Whole pixels ``(dy, dx)`` by which the network's maps lie too far down and to the right, see
            :mod:`.displacement`; what comes in on the other side repeats the border.
        smoothing: σ of a Gaussian over the map, as a share of its longer side; 0 for none.

    Returns:
        ``(H, W)`` float32; no value lies outside the range of ``distance``.
    """
    # Who reads scores alone, as every table does, resizes nothing.
    import cv2

    resized = cv2.resize(np.asarray(distance, np.float32), image_size[::-1], interpolation=cv2.INTER_LINEAR)
    if smoothing > 0:
        resized = cv2.GaussianBlur(resized, (0, 0), smoothing * max(image_size))
    if not any(displacement):
        return resized
    rows, columns = (np.clip(np.arange(n) + by, 0, n - 1) for n, by in zip(image_size, displacement, strict=True))
    return resized[np.ix_(rows, columns)]


def image_scores(
    map_: np.ndarray,
    field_of_view: np.ndarray,
    *,
    top_quantile: float,
    smoothing: float,
    margin: float,
    field_of_view_only: bool,
) -> dict[str, float]:
    """Return every image score of an anomaly map; the paper's is ``maximum``.

    Args:
        map_: A, ``(H, W)`` float32.
        field_of_view: ``(H, W)`` bool; one without a pixel stands for the whole square.
        top_quantile: The quantile of the map that is the score of that name, e.g. 0.995, and of ``inner_quantile``.
        smoothing: σ of the Gaussian before ``smoothed_maximum``, as a share of the map's longer side.
        margin: Pixels along the border of the field of view, and of the square, that ``inner_maximum`` and
            ``inner_quantile`` leave out: features there rest on what lies beyond the image. Where nothing remains, the
            whole field of view counts.
        field_of_view_only: Whether all scores, not the inner ones alone, leave out what lies outside of the field of
            view.
    """
    import cv2

    view = field_of_view if field_of_view.any() else np.ones(map_.shape, bool)
    inner = inside(view, margin)
    sigma = smoothing * max(map_.shape)
    smoothed = cv2.GaussianBlur(map_, (0, 0), sigma) if sigma > 0 else map_
    # The whole map stays as it is: a mean over a copy of other shape would be another sum.
    counted, counted_smoothed = (map_[view], smoothed[view]) if field_of_view_only else (map_, smoothed)
    return {
        "maximum": float(counted.max()),
        "mean": float(counted.mean(dtype=np.float64)),
        "top_quantile": float(np.quantile(counted, top_quantile)),
        "smoothed_maximum": float(counted_smoothed.max()),
        "inner_maximum": float(map_[inner].max()),
        "inner_quantile": float(np.quantile(map_[inner], top_quantile)),
    }


def inside(field_of_view: np.ndarray, margin: float) -> np.ndarray:
    """Return the pixels of a field of view from whose centre no pixel outside of it is within ``margin``, (H, W) bool.

    What lies beyond the square is outside, too; the distance is the larger of those along y and x.

    Args:
        field_of_view: ``(H, W)`` bool; one without a pixel stands for the whole square.
        margin: In pixels; where nothing remains, the whole field of view is returned.
    """
    import cv2

    view = field_of_view if field_of_view.any() else np.ones(field_of_view.shape, bool)
    reach = round(margin)
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    left = cv2.erode(view.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0).astype(bool)
    return left if left.any() else view
