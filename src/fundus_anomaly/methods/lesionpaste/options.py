"""The configuration's section ``lesionpaste`` as the options of a synthesis."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.methods.lesionpaste.augmentation import Augmentation
from fundus_anomaly.methods.lesionpaste.synthesis import Options

logger = logging.getLogger(__name__)

_RANGES = ("mixup",)
_AUGMENTATION_RANGES = ("resize", "contrast", "brightness")


def options_from(settings: Mapping) -> Options:
    """Return the options of a synthesis; shares of the mix that do not sum to 1 are brought to it, which the log says.

    Args:
        settings: The keys of :data:`.keys.SYNTHESIS_KEYS`, each as the schema describes it.

    Raises:
        InputError: With every range whose ends are the wrong way round.
    """
    augmentation = settings["augmentation"]
    ranges = {f"lesionpaste.{name}": settings[name] for name in _RANGES}
    ranges |= {f"lesionpaste.augmentation.{name}": augmentation[name] for name in _AUGMENTATION_RANGES}
    raise_if_any(
        Problem(f"config, {name}", f"[{low}, {high}]", "the smaller number first", "exchange the two")
        for name, (low, high) in ranges.items()
        if low > high
    )
    total = math.fsum(part["share"] for part in settings["mix"])
    mix = tuple((tuple(part["types"]), float(part["share"])) for part in settings["mix"])
    if not math.isclose(total, 1, abs_tol=1e-6):
        shares = ", ".join(f"{'+'.join(kinds)} {share / total:.3g}" for kinds, share in mix)
        logger.info("the shares of lesionpaste.mix sum to %.4g and are rescaled to sum to 1: %s", total, shares)
    return Options(
        mix=mix,
        most=float(settings["most"]),
        count_by=settings["count_by"],
        mask=settings["mask"],
        patch=settings["patch"],
        mixup=tuple(settings["mixup"]),
        augmentation=_augmentation(augmentation),
    )


def _augmentation(settings: Mapping) -> Augmentation:
    """Return the augmentation with the operations that are not listed switched off."""
    on = set(settings["operations"])
    return Augmentation(
        flip=settings["flip"] if "flip" in on else 0,
        rotation=settings["rotation"] if "rotation" in on else 0,
        resize=tuple(settings["resize"]) if "resize" in on else (1, 1),
        contrast=tuple(settings["contrast"]) if "contrast" in on else (1, 1),
        brightness=tuple(settings["brightness"]) if "brightness" in on else (1, 1),
        colour=settings["colour"] if "colour" in on else 0,
    )
