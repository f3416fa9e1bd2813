"""Draws of torch's generators that depend on the configured seed and a purpose alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from fundus_anomaly.seeds import digest


@contextmanager
def seeded(seed: int, *names: object) -> Iterator[None]:
    """Seed torch for one purpose, e.g. a network's first weights; afterwards the CPU's generator is as it was.

    Args:
        seed: The configured seed.
        *names: What is drawn; see :func:`.seeds.digest`.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(digest(seed, *names) % 2**63)
        yield
