"""What ReSAD's jobs need: memory in MB, time in seconds of one core, and bytes of what they write.

From ``max_rss`` and ``cpu_time`` of the rules' benchmarks without a GPU, on one and two threads, with
EfficientNet-Lite0: the phantom at 392² (48 photographs to train on, 64 to test) and at 784² (12 and 12), IDRiD's
grading part at 256² (120 and 103), calibrated maps of IDRiD at 784² too (132 and 115); with Wide ResNet-50 and random
weights one batch forward. A job that finds a GPU is faster: its time is an upper bound.

``job`` is the wildcards of a job: any object that has them as attributes. torch alone takes 700 MB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fundus_anomaly.plan.extent import Extent
from fundus_anomaly.plan.patchcore_rows import pooling

# Channels of levels 2 and 3 together. A user's own graph is taken for as wide as the paper's network.
_NARROW = {"efficientnet_lite0": 152, "resnet18": 384, "resnet34": 384}
_WIDE = 1536
# Components that a coreset's points are projected to, at most but for a few.
_PROJECTED = 350


@dataclass(frozen=True)
class ResadNeeds:
    """Needs of the jobs from prepared photographs to figures of maps.

    Attributes:
        extent: How large the run is.
        config: The validated configuration.
    """

    extent: Extent
    config: Mapping[str, Any]

    def channels(self, job: Any) -> int:
        """Return the channels of features: the network's, of both levels, or what a variant pools them to."""
        pooled = pooling(job.pool)["length"] if hasattr(job, "pool") else 0
        return pooled or _NARROW.get(job.backbone, _WIDE)

    def train_positions(self, job: Any) -> float:
        """Return the number of positions that a coreset is chosen from."""
        return self.extent.train * self.extent.positions * float(job.normals)

    def entries(self, job: Any) -> float:
        """Return the number of entries of a memory bank."""
        return self.train_positions(job) * float(job.coreset)

    def features_mb(self, job: Any, threads: int) -> float:
        """Return the memory that features need."""
        pixel = 210e-6 if job.backbone in _NARROW else 900e-6
        return 1050 + pixel * self.config["features"]["batch"] * self.extent.pixels("resad")

    def features_seconds(self, job: Any) -> float:
        """Return the time that features need."""
        pixel = 2e-6 if job.backbone in _NARROW else 16e-6
        return pixel * self.extent.pixels("resad") * self._images(job)

    def features_bytes(self, job: Any) -> float:
        """Return the bytes of both levels: the second has a third of the channels at four times the positions."""
        return self._value() * self.extent.positions * self.channels(job) / 2 * self._images(job)

    def resc_mb(self, job: Any, threads: int) -> float:
        """Return the memory of ReSC, an image a thread, at most: F, R and P whole, attention in blocks."""
        return 800 + (100 + 60e-6 * self.extent.positions * self.channels(job)) * threads

    def resc_seconds(self, job: Any) -> float:
        """Return the time that ReSC needs."""
        return (0.1 + 4e-8 * self.extent.positions**2 * self.channels(job) / 152) * self._images(job)

    def resc_bytes(self, job: Any) -> float:
        """Return the bytes of features after ReSC."""
        return self._value() * self.extent.positions * self.channels(job) * self._images(job)

    def coreset_mb(self, job: Any, threads: int) -> float:
        """Return the memory of a coreset, whose points lie in a file that is mapped into it."""
        return 850 + 20 * threads + 6e-6 * self.train_positions(job) * self._projected(job)

    def coreset_seconds(self, job: Any) -> float:
        """Return the time that a coreset needs."""
        return 1e-8 * self.train_positions(job) * self.entries(job) * self._projected(job) / 152

    def coreset_scratch(self, job: Any) -> float:
        """Return the bytes of a coreset's points, which lie on the disk while it is chosen."""
        return 4 * self.train_positions(job) * self._projected(job)

    def memory_bank_mb(self, job: Any, threads: int) -> float:
        """Return the memory that writing a bank needs."""
        return 70 + 4e-6 * self.entries(job) * self.channels(job)

    def memory_bank_seconds(self, job: Any) -> float:
        """Return the time that writing a bank needs."""
        return 0.05 * self.extent.train

    def memory_bank_bytes(self, job: Any) -> float:
        """Return the bytes of a bank."""
        return self._value() * self.entries(job) * self.channels(job)

    def score_mb(self, job: Any, threads: int) -> float:
        """Return the memory of a search: the bank as float32 and once more for the products or as faiss' cells."""
        value = 9e-6 if self.config["bank"]["index"] == "flat" else 15e-6
        return 850 + value * self.entries(job) * self.channels(job)

    def score_seconds(self, job: Any) -> float:
        """Return the time that the scores of the test need."""
        return self._search_seconds(job, self.extent.test)

    def calibrate_seconds(self, job: Any) -> float:
        """Return the time that the scores of held-out normals need."""
        return self._search_seconds(job, min(self.config["evaluation"]["calibration_images"], self.extent.train))

    def lesioned_mb(self, job: Any, threads: int) -> float:
        """Return the memory that drawing lesioned copies needs: an estimate, not measured."""
        return 250 + 60e-6 * self.extent.pixels("resad")

    def lesioned_seconds(self, job: Any) -> float:
        """Return the time that drawing lesioned copies needs: an estimate, not measured."""
        return 1e-6 * self.extent.pixels("resad") * self.extent.lesioned

    def score_lesioned_seconds(self, job: Any) -> float:
        """Return the time that the scores of lesioned copies need."""
        return self._search_seconds(job, self.extent.lesioned)

    def evaluate_lesioned_seconds(self, job: Any) -> float:
        """Return the time that the figures of lesioned copies need: of each and its normal two maps and all scores."""
        resampled = 0.002 * self.config["evaluation"]["bootstrap"]
        return 4e-6 * self.extent.pixels("resad") * self.extent.lesioned + resampled

    def calibrated_maps_mb(self, job: Any, threads: int) -> float:
        """Return the memory that calibrating maps by position needs."""
        return 200 + 50e-6 * self.extent.pixels("resad")

    def calibrated_maps_seconds(self, job: Any) -> float:
        """Return the time that calibrating maps by position needs."""
        return 0.3e-6 * self.extent.pixels("resad") * (self.extent.test + self.extent.train)

    def evaluate_mb(self, job: Any, threads: int) -> float:
        """Return the memory of an evaluation: histograms of single images may take 500 MB of it."""
        return 700 + 100e-6 * self.extent.pixels("resad")

    def evaluate_seconds(self, job: Any) -> float:
        """Return the time that an evaluation needs."""
        resampled = 0.002 * self.config["evaluation"]["bootstrap"]
        return 1e-6 * self.extent.pixels("resad") * self.extent.test + resampled

    def froc_seconds(self, job: Any) -> float:
        """Return the time that a FROC curve needs."""
        return 4e-6 * self.extent.pixels("resad") * self.extent.test

    def heat_maps_mb(self, job: Any, threads: int) -> float:
        """Return the memory that heat maps need."""
        return 130 + 40e-6 * self.extent.pixels("resad")

    def heat_maps_seconds(self, job: Any) -> float:
        """Return the time that heat maps need."""
        return 1e-6 * self.extent.pixels("resad") * self.extent.test

    def _images(self, job: Any) -> int:
        return self.extent.images(job.split)

    def _value(self) -> int:
        return 4 if self.config["features"]["dtype"] == "float32" else 2

    def _projected(self, job: Any) -> int:
        return min(self.channels(job), _PROJECTED)

    def _search_seconds(self, job: Any, images: int) -> float:
        return 2e-8 * images * self.extent.positions * self.entries(job) * self.channels(job) / 152
