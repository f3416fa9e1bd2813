"""What the jobs that read and prepare photographs need: memory in MB, and time in seconds of one core.

From ``max_rss`` and ``cpu_time`` of the rules' benchmarks, measured on the phantom at 392² (48 photographs to train on,
64 to test) and at 784² (12 and 12), and on IDRiD's grading part at 256² (120 and 103, photographs of 4288×2848). One or
two files are decoded a thread.

``job`` is the wildcards of a job: any object that has them as attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fundus_anomaly.plan.extent import Extent


@dataclass(frozen=True)
class FileNeeds:
    """Needs of the jobs from files as they come to prepared photographs.

    Attributes:
        extent: How large the run is.
        phantom: The configuration's ``data.phantom``.
    """

    extent: Extent
    phantom: Mapping[str, Any]

    def phantom_mb(self, job: Any, threads: int) -> float:
        """Return the memory that drawing the phantom needs."""
        return 120 + 70e-6 * self.phantom["width"] * self.phantom["height"] * threads

    def phantom_seconds(self, job: Any) -> float:
        """Return the time that drawing the phantom needs."""
        return 0.5 * self._audited()

    def inspection_mb(self, job: Any, threads: int) -> float:
        """Return the memory that an audit of photographs or masks needs."""
        return 120 + 120 * threads

    def photographs_seconds(self, job: Any) -> float:
        """Return the time that an audit of photographs needs."""
        return 0.1 * self.extent.audited.get(job.split, 0)

    def masks_seconds(self, job: Any) -> float:
        """Return the time that an audit of masks needs."""
        return 0.2 * self.extent.audited.get(job.split, 0) * len(self.extent.lesions)

    def slices_mb(self, job: Any, threads: int) -> float:
        """Return the memory that cutting slices from volumes needs."""
        return 120 + 400 * threads

    def slices_seconds(self, job: Any) -> float:
        """Return the time that cutting slices from volumes needs."""
        return 0.1 * self._audited()

    def images_mb(self, job: Any, threads: int) -> float:
        """Return the memory that preparing photographs needs."""
        return 120 + (20 + 20e-6 * self.extent.pixels(job.prepared)) * threads

    def images_seconds(self, job: Any) -> float:
        """Return the time that preparing photographs needs."""
        return (0.1 + 0.1e-6 * self.extent.pixels(job.prepared)) * self.extent.counts.get(job.split, 0)

    def images_bytes(self, job: Any) -> float:
        """Return the bytes of prepared photographs: they compress to some 60 %."""
        return 1.9 * self.extent.pixels(job.prepared) * self.extent.counts.get(job.split, 0)

    def quality_mb(self, job: Any, threads: int) -> float:
        """Return the memory that measuring photographs needs, one at a time."""
        return 150 + 30e-6 * self.extent.pixels("resad")

    def normal_quality_seconds(self, job: Any) -> float:
        """Return the time that measuring the training normals needs."""
        return 5 + 0.03 * self.extent.counts.get("train", 0)

    def quality_seconds(self, job: Any) -> float:
        """Return the time that measuring the test needs."""
        return 5 + 0.03 * self.extent.counts.get("test", 0)

    def _audited(self) -> int:
        return sum(self.extent.audited.values())
