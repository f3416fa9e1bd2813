"""The configuration's section ``lesionpaste`` as the options of a synthesis."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Problem, raise_if_any
from .augmentation import Augmentation
from .synthesis import Options

_RANGES = ("mixup",)
_AUGMENTATION_RANGES = ("resize", "contrast", "brightness")


def options_from(settings: Mapping) -> Options:
    """Return the options of a synthesis.

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
    return Options(
        mix=tuple((tuple(part["types"]), float(part["share"])) for part in settings["mix"]),
        most=float(settings["most"]),
        mixup=tuple(settings["mixup"]),
        augmentation=Augmentation(
            flip=augmentation["flip"],
            rotation=augmentation["rotation"],
            resize=tuple(augmentation["resize"]),
            contrast=tuple(augmentation["contrast"]),
            brightness=tuple(augmentation["brightness"]),
            colour=augmentation["colour"],
        ),
    )
