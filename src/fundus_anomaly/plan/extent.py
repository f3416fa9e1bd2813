"""How large a run is: its photographs by split, and their pixels as each method sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Level 2 of the features, to which all are brought, has a stride of 8.
_STRIDE = 8


@dataclass(frozen=True)
class Extent:
    """The numbers that memory, time and disk of a run's jobs follow from.

    Attributes:
        counts: Photographs of the manifest, by split.
        audited: Photographs that the audit reads, by split.
        lesions: Types of lesion that the dataset has masks of.
        sides: Side of the photographs, in pixels, as ``resad``, ``lesionpaste`` and ``compared`` see them.
        lesioned: Lesioned copies of normals, which settings are chosen by.
    """

    counts: Mapping[str, int]
    audited: Mapping[str, int]
    lesions: Sequence[str]
    sides: Mapping[str, int]
    lesioned: int = 0

    @property
    def train(self) -> int:
        """Normal photographs to learn from."""
        return self.counts.get("train", 0)

    @property
    def test(self) -> int:
        """Photographs to judge."""
        return self.counts.get("test", 0)

    @property
    def all(self) -> int:
        """Photographs of the manifest."""
        return sum(self.counts.values())

    def images(self, split: str) -> int:
        """Return the images of a split of the manifest, or the lesioned copies."""
        return self.lesioned if split == "lesioned" else self.counts.get(split, 0)

    @property
    def positions(self) -> int:
        """Positions of ReSAD's feature maps."""
        return self.pixels("resad") // _STRIDE**2

    def pixels(self, prepared: str) -> int:
        """Return the pixels of a photograph as it was prepared for a method."""
        return self.sides[prepared] ** 2
