"""What do the parts of ReSC cost? Region filter by Fourier transform and directly, attention in each reading.

Attention both from F whole and from the levels that it is made of, where level 3 has half of the side.

PYTHONPATH=src python benchmarks/resc.py --side 98 --channels 40+112 128+256 512+1024
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from unittest import mock

import torch
import torch.nn.functional as F
from tabulate import tabulate

from fundus_anomaly.device import device_for
from fundus_anomaly.methods.resad.attention import Attention, spatial_aware
from fundus_anomaly.methods.resad.resc import concat_levels, region_aware, region_weights

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
    parser.add_argument("--channels", type=levels, nargs="+", default=[(40, 112)], help="of level 2 and of level 3")
    parser.add_argument("--radius", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=1, help="runs of each; the fastest counts")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--gpu", type=int, default=0)
    arguments = parser.parse_args()
    device = device_for(arguments.gpu, arguments.threads)
    rows = []
    for channels in arguments.channels:
        generator = torch.Generator().manual_seed(0)
        # Channels last in memory, as the features are stored.
        level2, level3 = (
            torch.rand((side, side, width), generator=generator).to(device)
            for side, width in zip((arguments.side, (arguments.side + 1) // 2), channels, strict=True)
        )
        features, label = concat_levels(level2, level3), "+".join(map(str, channels))
        run = partial(timed, device, arguments.repeats)
        fast, seconds = run(region_aware, features, arguments.radius)
        rows.append((label, "region, Fourier", seconds, ""))
        slow, seconds = run(direct_region, features, arguments.radius)
        rows.append((label, "region, direct", seconds, f"largest difference {float((fast - slow).abs().max()):.1e}"))
        for reading, scale in READINGS:
            what, attention = f"attention, {reading}, {scale}", Attention(reading, scale)
            (whole, neighbours), before = run(of_whole, features, attention)
            rows.append((label, f"{what}, F whole", before, f"{neighbours:.0f} neighbours"))
            (parts, _), seconds = run(of_levels, features, attention, level3)
            error = float((whole - parts).abs().max() / whole.abs().max())
            rows.append((label, f"{what}, levels", seconds, f"{before / seconds:.2f} times as fast, error {error:.1e}"))
    print(f"{arguments.side}×{arguments.side} positions, {device}, {arguments.threads} threads")
    print(
        tabulate(
            rows,
            ["channels", "what", "s/image" if device == "cuda" else "CPU s/image", "note"],
            floatfmt=".3f",
            tablefmt="github",
        )
    )


def levels(text: str) -> tuple[int, int]:
    """Return the channels of level 2 and of level 3 from "40+112"."""
    level2, level3 = map(int, text.split("+"))
    return level2, level3


def of_whole(features: torch.Tensor, attention: Attention) -> tuple[torch.Tensor, float]:
    """Return P and the effective number of neighbours, from F whole."""
    return spatial_aware(features, attention)


def of_levels(features: torch.Tensor, attention: Attention, level3: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Return the same from the levels, however many channels level 3 has."""
    with mock.patch("fundus_anomaly.methods.resad.attention._FROM_LEVELS", 1):
        return spatial_aware(features, attention, level3)


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
