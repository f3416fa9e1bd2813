"""How many files a dataset has according to its publication, and how many were found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fundus_anomaly.errors import Problem, raise_if_any


@dataclass(frozen=True)
class Count:
    """The number of images of one part of a dataset.

    Attributes:
        part: What is counted, in words.
        official: The number that the publication gives.
        found: The number that is there.
    """

    part: str
    official: int
    found: int

    @property
    def differs(self) -> bool:
        """Whether another number was found than the official one."""
        return self.official != self.found

    def __str__(self) -> str:
        """Return the count as one line of text."""
        sign = f", {self.found - self.official:+d}" if self.differs else ""
        return f"{self.part}: {self.found} found, {self.official} by the publication{sign}"


def differences(counts: Iterable[Count], *, strict: bool, where: str) -> tuple[str, ...]:
    """Return one note for each count that is not the official one.

    Args:
        counts: All counts of the dataset.
        strict: Whether a difference is an error.
        where: The dataset and its root, for the error.

    Raises:
        InputError: If ``strict`` and at least one count differs; holds every difference.
    """
    counts = [count for count in counts if count.differs]
    if strict:
        remedy = "complete the copy of the dataset, or set strict_counts: false to continue with what is there"
        raise_if_any(
            Problem(f"{where}, {count.part}", str(count.found), f"{count.official}, the official number", remedy)
            for count in counts
        )
    return tuple(f"Not the official count. {count}." for count in counts)
