"""Checks of what runs on a GPU, against the same on the CPU: the library alone, no Snakemake, no faiss.

Without a GPU they are skipped. On a machine that has one, and the library's own needs beside torch:

    PYTHONPATH=src python -m pytest --confcutdir=tests/gpu tests/gpu

``FUNDUS_TEST_DEVICE=cpu`` runs them on the CPU against itself, which shows that the checks themselves are sound.
"""

from __future__ import annotations

import os

import pytest
import torch

from fundus_anomaly.device import device_for

DEVICE = os.environ.get("FUNDUS_TEST_DEVICE", "cuda")


def pytest_collection_modifyitems(items):
    """Skip these tests, saying so, where there is no GPU."""
    if DEVICE == "cuda" and not torch.cuda.is_available():
        skip = pytest.mark.skip(reason="no GPU here: torch.cuda.is_available() is False")
        for item in items:
            if item.path.is_relative_to(__file__.rpartition(os.sep)[0]):
                item.add_marker(skip)


@pytest.fixture(scope="session")
def device() -> str:
    """Return the device that is checked, with the arithmetic that the workflow's jobs set."""
    device_for(1, os.cpu_count() or 1)
    return DEVICE
