"""Normal images and their artificial anomalous twins as a dataset of torch: I and AP(I) of eq. 2."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from fundus_anomaly.files.hdf5 import open_for_reading
from fundus_anomaly.imaging.prepared_images import NormalImages
from fundus_anomaly.methods.lesionpaste.lesion import Lesion
from fundus_anomaly.methods.lesionpaste.synthesis import Options, plan, synthesise
from fundus_anomaly.seeds import generator


class Twins(Dataset):
    """Pairs of a normal image and its twin, ``(2, S, S, 3)`` uint8; made when asked for, so that nothing is stored.

    Args:
        path: File of the rule ``images``.
        numbers: The images that take part.
        bank: The lesions.
        options: How twins are made; None for twins without lesions, which equal their normals: a control.
        seed: The configured seed.
        epoch: Epoch of the draw; see :func:`.synthesis.plan`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        numbers: Sequence[int],
        bank: Sequence[Lesion],
        options: Options | None,
        seed: int,
        epoch: int = 0,
    ):
        self._path, self._numbers = path, list(numbers)
        self._bank, self._options, self._seed, self._epoch = bank, options, seed, epoch
        self._images: NormalImages | None = None

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self._numbers)

    def __getitem__(self, place: int) -> torch.Tensor:
        """Return one pair."""
        if self._images is None:
            # Each worker opens the file itself: HDF5's handles do not survive a fork.
            self._images = NormalImages(open_for_reading(self._path))
        normal = self._images[self._numbers[place]]
        twin = normal.image
        if self._options is not None:
            pastes = plan(self._bank, self._options, self._seed, normal.id, self._epoch)
            twin = synthesise(*normal[1:], self._bank, pastes, self._options.mask).image
        return torch.from_numpy(np.stack([normal.image, twin]))


def batches(
    twins: Twins, batch: int, workers: int, pinned: bool, order: Sequence[int] | None = None
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield balanced batches, normals and then their twins.

    Args:
        twins: The pairs.
        batch: Images in a batch, half of them normal; even.
        workers: Processes that make twins; what comes out does not depend on them.
        pinned: Whether the batches lie in page-locked memory, for a GPU.
        order: Places of the pairs, each once; None for their own order.

    Yields:
        ``(n, S, S, 3)`` uint8 photographs, n ≤ ``batch``, and ``(n,)`` int64, 0 normal and 1 abnormal.
    """
    loader = DataLoader(
        twins,
        batch_size=max(1, batch // 2),
        sampler=list(range(len(twins)) if order is None else order),
        num_workers=workers,
        pin_memory=pinned,
    )
    for pairs in loader:
        photographs = torch.cat([pairs[:, 0], pairs[:, 1]])
        yield photographs, torch.arange(len(photographs)) // len(pairs)


def order_of(epoch: int, count: int, seed: int) -> list[int]:
    """Return the order in which an epoch goes through the pairs."""
    return generator(seed, "lesionpaste order", epoch).permutation(count).tolist()
