"""Artificial anomalous images: lesions of the bank, pasted onto a normal image (LesionPaste, Sec. 2.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.methods.lesionpaste.augmentation import Augmentation, Change, changed, draw, recoloured
from fundus_anomaly.methods.lesionpaste.keys import MAX_KINDS
from fundus_anomaly.methods.lesionpaste.lesion import Lesion
from fundus_anomaly.seeds import generator

# Places that are tried before all places are looked at; a retina takes up most of its square.
_PLACES_TRIED = 32


@dataclass(frozen=True)
class Options:
    """How images are synthesised.

    Attributes:
        mix: Types of lesion that an image gets, and the share of images that do, e.g. ``((("MA",), 0.8), …)``.
        most: An image gets 1 to ``most`` times as many lesions as the bank holds, 1.5 in the paper.
        count_by: What is counted: lesions of each ``"type"`` by itself, or of all the image's types, ``"image"``.
        mask: M of eq. 1: ``"binary"``, as in the paper, or ``"coverage"``; see :func:`.augmentation.changed`.
        mixup: Range of λ of eq. 1; ``(1, 1)`` pastes without MixUp.
        augmentation: What may happen to each lesion.
        patch: What fills the lesions' shapes: the ``"lesion"`` itself, or a piece of the same ``"normal"`` image from
            elsewhere, as CutPaste does (Li et al. 2021): a control of what the lesions are worth.
    """

    mix: tuple[tuple[tuple[str, ...], float], ...]
    most: float
    count_by: Literal["type", "image"]
    mask: Literal["binary", "coverage"]
    mixup: tuple[float, float]
    augmentation: Augmentation
    patch: Literal["lesion", "normal"] = "lesion"


@dataclass(frozen=True, eq=False)
class Paste:
    """One lesion to be pasted.

    Attributes:
        lesion: Its number in the bank.
        change: Its augmentation.
        places: ``(k, 2)`` float64 in 0 to 1, places of the lesion's centre to try in this order, as shares of the
            image's height and width; the last one chooses among all places if none of them is free.
        weight: λ of eq. 1.
        cut: As ``places``, of the piece of the normal image that takes the lesion's place; None for the lesion itself.
    """

    lesion: int
    change: Change
    places: np.ndarray
    weight: float
    cut: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Synthesis:
    """An artificial anomalous image.

    Attributes:
        image: I_MU of eq. 1, ``(S, S, 3)`` uint8; equal to the normal image wherever ``masks`` is 0.
        masks: ``(S, S)`` uint8 (uint16 to uint64 for more than 8 types), bit t set where a lesion of the bank's type t
            was pasted, types in sorted order.
        kinds: The types, in sorted order.
    """

    image: np.ndarray
    masks: np.ndarray
    kinds: tuple[str, ...]

    @property
    def mask(self) -> np.ndarray:
        """``(S, S)`` bool, the union of all that was pasted."""
        return self.masks > 0


def plan(bank: Sequence[Lesion], options: Options, seed: int, image: str, epoch: int = 0) -> list[Paste]:
    """Return what is pasted onto one image; it depends on these arguments alone, in particular on no other image.

    The image's types of lesion are drawn by their shares. Then N ~ U{1, …, 1.5·N_L} lesions are drawn with repetition,
    N_L being their number in the bank: of all these types together, as the paper says (Sec. 2.1), or for each type by
    itself, as in the authors' code, so that an image with several types is sure to show each. With one type the two are
    the same draw. Lesions, augmentations, places and λ have random numbers of their own, so that a change of one leaves
    the others as they were.

    Args:
        bank: The lesions.
        options: See :class:`Options`.
        seed: The configured seed.
        image: Id of the normal image.
        epoch: Another draw for each epoch; 0 throughout for one fixed twin an image, as in the paper.
    """

    def numbers(purpose: str) -> np.random.Generator:
        return generator(seed, f"lesionpaste {purpose}", image, epoch)

    random = numbers("lesions")
    kinds = _drawn_kinds(options.mix, numbers("mix").random())
    chosen: list[int] = []
    for counted in [kinds] if options.count_by == "image" else [(kind,) for kind in kinds]:
        these = [number for number, lesion in enumerate(bank) if lesion.kind in counted]
        # A product such as 1.15·20 may fall short of the whole number that it is.
        largest = max(1, math.floor(options.most * len(these) + 1e-9))
        count = int(random.integers(1, largest, endpoint=True))
        chosen += random.choice(these, count).tolist()
    changes = draw(options.augmentation, len(chosen), numbers("augmentation"))
    places = numbers("places").random((len(chosen), _PLACES_TRIED + 1, 2))
    weights = numbers("mixup").uniform(*options.mixup, len(chosen))
    cuts = [None] * len(chosen)
    if options.patch == "normal":
        cuts = list(numbers("cut").random((len(chosen), _PLACES_TRIED + 1, 2)))
    return [Paste(*each) for each in zip(chosen, changes, places, weights.tolist(), cuts, strict=True)]


def _drawn_kinds(mix: tuple[tuple[tuple[str, ...], float], ...], share: float) -> tuple[str, ...]:
    """Return the types of lesion that a number in 0 to 1 falls to."""
    ends = np.cumsum([part for _, part in mix])
    return mix[int(np.searchsorted(ends, share * ends[-1], side="right"))][0]


def synthesise(
    normal: np.ndarray,
    field_of_view: np.ndarray,
    scale: tuple[float, float],
    retina: float,
    bank: Sequence[Lesion],
    pastes: Sequence[Paste],
    mask: Literal["binary", "coverage"] = "binary",
) -> Synthesis:
    """Return a normal image with lesions pasted onto it, one after the other.

    A lesion keeps its size relative to the retina, and lies wholly inside of the field of view.

    Args:
        normal: I, ``(S, S, 3)`` uint8 RGB.
        field_of_view: ``(S, S)`` bool.
        scale: Pixels ``(along y, along x)`` of the image for one pixel of the photograph that it was made from.
        retina: Diameter of the photograph's field of view in its own pixels.
        bank: The lesions.
        pastes: From :func:`plan`.
        mask: As in :class:`Options`.

    Raises:
        InputError: If a lesion fits nowhere into the field of view, or the bank has more than 64 types.
    """
    kinds = tuple(sorted({lesion.kind for lesion in bank}))
    image, masks = normal.copy(), np.zeros(normal.shape[:2], _bits(kinds))
    inside = np.zeros((normal.shape[0] + 1, normal.shape[1] + 1), np.int64)
    inside[1:, 1:] = field_of_view.cumsum(axis=0, dtype=np.int64).cumsum(axis=1)
    for paste in pastes:
        lesion = bank[paste.lesion]
        ratio = retina / lesion.retina
        patch, own = _trimmed(*changed(lesion, paste.change, (scale[0] * ratio, scale[1] * ratio), mask))
        window = _window(inside, own.shape, paste.places, lesion)
        if paste.cut is not None:
            piece = normal[_window(inside, own.shape, paste.cut, lesion)].astype(np.float32)
            patch = recoloured(piece, own > 0, paste.change)
        image[window] = mixed_up(image[window], patch, own, paste.weight)
        masks[window] |= (own > 0).astype(masks.dtype) << kinds.index(lesion.kind)
    return Synthesis(image, masks, kinds)


def _bits(kinds: Sequence[str]) -> np.dtype:
    """Return the smallest unsigned type with a bit for each type of lesion."""
    for size in (8, 16, 32, MAX_KINDS):
        if len(kinds) <= size:
            return np.dtype(f"uint{size}")
    found, remedy = f"{len(kinds)} types of lesion", "name fewer types in lesionpaste.mix and in the rows"
    raise InputError(Problem("lesion bank", found, f"at most {MAX_KINDS}", remedy))


def mixed_up(image: np.ndarray, lesion: np.ndarray, mask: np.ndarray, weight: float) -> np.ndarray:
    """Return I_MU = (1 − λ)(M ⊙ I) + λ(M ⊙ L) + M̄ ⊙ I (eq. 1).

    Args:
        image: I, ``(h, w, 3)`` uint8.
        lesion: L, ``(h, w, 3)`` float in 0 to 255.
        mask: M, ``(h, w)`` bool, or float in 0 to 1.
        weight: λ.

    Returns:
        ``(h, w, 3)`` uint8, rounded; equal to ``image`` bit for bit outside of the mask.
    """
    if mask.dtype != bool:
        weight = weight * mask[..., None].astype(np.float64)
    mixture = (1 - weight) * image + weight * lesion
    return np.where(mask[..., None] > 0, mixture.round().clip(0, 255).astype(np.uint8), image)


def _trimmed(patch: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return patch and mask without rows and columns that hold nothing of the lesion."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return patch[window], mask[window]


def _window(inside: np.ndarray, size: tuple[int, int], places: np.ndarray, lesion: Lesion) -> tuple[slice, slice]:
    """Return the rows and columns of a patch at a random place; arguments as :func:`_place`."""
    top, left = _place(inside, size, places, lesion)
    return slice(top, top + size[0]), slice(left, left + size[1])


def _place(inside: np.ndarray, size: tuple[int, int], places: np.ndarray, lesion: Lesion) -> tuple[int, int]:
    """Return a random place, ``(top, left)``, at which a patch lies wholly inside of the field of view.

    Args:
        inside: ``(S + 1, S + 1)`` int64, the integral image of the field of view.
        size: ``(h, w)`` of the patch in pixels.
        places: Random numbers in 0 to 1: places of the patch's centre to try; the last one chooses among all places.
        lesion: The lesion, for the error.
    """
    height, width = size
    side = np.array(inside.shape) - 1
    *tried, _ = np.floor(places * side).astype(int) - np.array(size) // 2
    for top, left in tried:
        if 0 <= top <= side[0] - height and 0 <= left <= side[1] - width:
            bottom, right = top + height, left + width
            lit = inside[bottom, right] - inside[top, right] - inside[bottom, left] + inside[top, left]
            if lit == height * width:
                return int(top), int(left)
    free = np.zeros((0, 0), np.int64)
    if height <= side[0] and width <= side[1]:
        free = inside[height:, width:] - inside[:-height, width:] - inside[height:, :-width] + inside[:-height, :-width]
    found = np.argwhere(free == height * width)
    if not len(found):
        raise InputError(
            Problem(
                f"lesion of type {lesion.kind!r} at {lesion.box[:2]} of {lesion.source}",
                f"{height}×{width} pixels after augmentation, which fit nowhere into the field of view",
                "lesions smaller than the retina",
                "lower lesionpaste.augmentation.resize, or name another image in lesionpaste.source.images",
            )
        )
    chosen = found[int(places[-1, 0] * len(found))]
    return int(chosen[0]), int(chosen[1])
