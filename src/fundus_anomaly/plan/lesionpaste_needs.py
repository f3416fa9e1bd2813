"""What LesionPaste's jobs need: memory in MB, and time in seconds of one core.

Measured without a GPU on one and two threads with EfficientNet-Lite0, and as a single training step with VGG16. The
memory is that of a batch's activations, and of two processes that make twins for each thread but the first.

``job`` is the wildcards of a job: any object that has them as attributes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fundus_anomaly.plan.extent import Extent


@dataclass(frozen=True)
class LesionPasteNeeds:
    """Needs of lesion banks and classifiers.

    Attributes:
        extent: How large the run is.
        training: The configuration's ``lesionpaste.training``.
        sources: Annotated images of each lesion bank, by the bank's folder.
        tested_epochs: Epochs whose weights are tested beside the last one's.
    """

    extent: Extent
    training: Mapping[str, Any]
    sources: Mapping[str, Sequence[str]]
    tested_epochs: Sequence[int]

    def lesion_bank_mb(self, job: Any, threads: int) -> float:
        """Return the memory that a lesion bank needs."""
        return 700

    def lesion_bank_seconds(self, job: Any) -> float:
        """Return the time that a lesion bank needs."""
        return 20 * len(self.sources[job.sources])

    def train_mb(self, job: Any, threads: int) -> float:
        """Return the memory that a training needs."""
        network, pixel = (2700, 10e-3) if job.network == "vgg16" else (1500, 2e-3)
        batch = self.training["batch"] * self.extent.pixels("lesionpaste")
        return network + pixel * batch + 600 * max(1, threads - 1)

    def train_seconds(self, job: Any) -> float:
        """Return the time that a training needs."""
        pixel = 70e-6 if job.network == "vgg16" else 6e-6
        return pixel * self.extent.pixels("lesionpaste") * 2 * self.extent.train * self.training["epochs"]

    def classify_mb(self, job: Any, threads: int) -> float:
        """Return the memory that the test of a classifier needs."""
        return self.train_mb(job, 1) / 2 + 500

    def classify_seconds(self, job: Any) -> float:
        """Return the time that the test of a classifier needs."""
        pixel = 25e-6 if job.network == "vgg16" else 2e-6
        return pixel * self.extent.pixels("lesionpaste") * self.extent.all * (1 + len(self.tested_epochs))
