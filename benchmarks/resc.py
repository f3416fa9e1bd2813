"""What do the parts of ReSC cost? Region filter by Fourier transform and directly, attention in each reading.

PYTHONPATH=workflow/scripts python benchmarks/resc.py --side 98 --channels 152 1536
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from tabulate import tabulate

from fundus_anomaly.attention import Attention, spatial_aware
from fundus_anomaly.device import device_for
from fundus_anomaly.resc import region_aware, region_weights

READINGS = [
    ("matmul", "none"),
    ("matmul", "inv_sqrt"),
    ("matmul", "cosine-0.1"),
    ("matmul", "perplexity-100"),
    ("column_mass", "inv_sqrt"),
    ("self_weight", "inv_sqrt"),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=98, help="positions a side of the feature map")
    parser.add_argument("--channels", type=int, nargs="+", default=[152])
    parser.add_argument("--radius", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=1, help="runs of each; the fastest counts")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--gpu", type=int, default=0)
    arguments = parser.parse_args()
    device = device_for(arguments.gpu, arguments.threads)
    rows = []
    for channels in arguments.channels:
        generator = torch.Generator().manual_seed(0)
        # Channels first in memory, as the network leaves them.
        shape = (channels, arguments.side, arguments.side)
        features = torch.rand(shape, generator=generator).to(device).permute(1, 2, 0)
        run = partial(timed, device, arguments.repeats)
        fast, seconds = run(region_aware, features, arguments.radius)
        rows.append((channels, "region, Fourier", seconds, ""))
        slow, seconds = run(direct_region, features, arguments.radius)
        rows.append((channels, "region, direct", seconds, f"largest difference {float((fast - slow).abs().max()):.1e}"))
        for reading, scale in READINGS:
            (_, neighbours), seconds = run(spatial_aware, features, Attention(reading, scale))
            rows.append((channels, f"attention, {reading}, {scale}", seconds, f"{neighbours:.0f} neighbours"))
    print(f"{arguments.side}×{arguments.side} positions, {device}, {arguments.threads} threads")
    print(
        tabulate(
            rows,
            ["channels", "what", "s/image" if device == "cuda" else "CPU s/image", "note"],
            floatfmt=".3f",
            tablefmt="github",
        )
    )


def timed(device: str, repeats: int, function: Callable, *arguments: object) -> tuple[object, float]:
    """Return what a function gives, and the seconds of its fastest run; on a CPU those that the process itself took."""
    clock, best = time.perf_counter if device == "cuda" else time.process_time, float("inf")
    for _ in range(repeats):
        start = clock()
        result = function(*arguments)
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, clock() - start)
    return result, best


def direct_region(features: torch.Tensor, radius: int) -> torch.Tensor:
    """Return R of eq. 3 as it is written, by summing over the disc."""
    kernel = region_weights(radius).to(features.device)[None, None]
    maps = features.permute(2, 0, 1)[:, None]
    inside = F.conv2d(torch.ones_like(maps[:1]), kernel, padding=radius - 1)
    return (F.conv2d(maps, kernel, padding=radius - 1) / inside)[:, 0].permute(1, 2, 0)


if __name__ == "__main__":
    main()
