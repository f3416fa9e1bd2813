"""Where a dataset is, and what else every adapter gets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """What an adapter is given besides its own settings.

    Attributes:
        root: The folder that holds the dataset; the phantom's files are written into it.
        made: The folder into which the workflow cuts images from a dataset's volumes.
        seed: The seed of the configuration.
    """

    root: Path
    made: Path
    seed: int
