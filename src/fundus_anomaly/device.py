"""The device that a job runs on, from the GPUs it asked for and those that are there."""

from __future__ import annotations

import logging

import torch

logger = logging.getLogger(__name__)


def device_for(gpu: int, threads: int) -> str:
    """Return ``"cuda"`` if a GPU was granted and is there, else ``"cpu"``; set torch's threads and its arithmetic.

    float32 means float32 on a GPU too: torch would let cuDNN round the inputs of convolutions to TF32, whose 10 bits
    make features differ from the CPU's by some 1e-3. And cuDNN takes algorithms that give the same bits in each run.

    Args:
        gpu: GPUs that the job was granted; 0 for none.
        threads: CPU threads that the job was granted.
    """
    torch.set_num_threads(max(1, threads))
    # Tiny softmax weights are denormal numbers, and those are some ten times slower than zero.
    torch.set_flush_denormal(True)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    if gpu and torch.cuda.is_available():
        logger.info("device: cuda (%s)", torch.cuda.get_device_name())
        return "cuda"
    logger.info("device: cpu, %d threads%s", threads, " (no GPU was found for the one requested)" if gpu else "")
    return "cpu"
