"""Does a faster arithmetic or memory layout of the network change a score's rank?

Extracts features of phantoms (or of given photographs) in float32 and bfloat16, channels last and first. Prints seconds
an image (on a CPU: CPU time) and Spearman's ρ of the image scores with those of the workflow's own setting, float32 and
channels last:

    PYTHONPATH=src python benchmarks/features.py --images 16
"""

from __future__ import annotations

import argparse
import copy
import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from scipy.stats import spearmanr
from tabulate import tabulate

from fundus_anomaly.device import device_for
from fundus_anomaly.imaging.preprocess import preprocess
from fundus_anomaly.methods.resad.attention import Attention
from fundus_anomaly.methods.resad.resc import combine
from fundus_anomaly.neighbours.search import NearestNeighbours
from fundus_anomaly.networks.timm_network import TimmBackbone
from fundus_anomaly.networks.weights import fetch
from fundus_anomaly.phantom import cohort
from fundus_anomaly.phantom.render import render

MEMORY = 500_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="efficientnet_lite0")
    parser.add_argument("--weights", default="", help="a weights file; by default the registered source")
    parser.add_argument("--photographs", type=Path, help="folder of photographs instead of phantoms")
    parser.add_argument("--images", type=int, default=16, help="scored images; as many others make the bank")
    parser.add_argument("--size", type=int, default=392, help="side of the working square in pixels")
    parser.add_argument("--share", type=float, default=0.05, help="share of the bank's positions that is kept")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--gpu", type=int, default=0)
    arguments = parser.parse_args()
    device = device_for(arguments.gpu, arguments.threads)
    images = torch.from_numpy(photographs(arguments))
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights"
        fetch(arguments.backbone, arguments.weights, "", weights)
        settings = {
            f"{precision}, channels {layout}": network(arguments.backbone, weights, device, precision, layout)
            for precision, layout in itertools.product(("float32", "bfloat16"), ("last", "first"))
        }
    results = {name: measured(levels, images, device, arguments) for name, levels in settings.items()}
    reference = next(iter(results.values()))[1]
    rows = [(name, seconds, spearmanr(reference, scores).statistic) for name, (seconds, scores) in results.items()]
    print(f"{arguments.backbone}, {arguments.size}², {arguments.images} scored images, {device}")
    print(
        tabulate(
            rows,
            ["setting", "s/image" if device == "cuda" else "CPU s/image", "Spearman's ρ"],
            floatfmt=".4f",
            tablefmt="github",
        )
    )


def time_unit(device: str) -> str:
    return "s/image" if device == "cuda" else "CPU s/image"


def clock_of(device: str) -> Callable[[], float]:
    """Return the clock that a busy machine disturbs least: the process' own time where the process does the work."""
    return time.perf_counter if device == "cuda" else time.process_time


def photographs(arguments: argparse.Namespace) -> np.ndarray:
    """Return twice as many images as asked for, ``(2n, S, S, 3)`` uint8; the first half are the bank's."""
    count = 2 * arguments.images
    if arguments.photographs:
        kinds = {".jpg", ".jpeg", ".png", ".tif"}
        paths = sorted(p for p in arguments.photographs.iterdir() if p.suffix.lower() in kinds)[:count]
        options = {"size": arguments.size, "aspect": "stretch", "graham": False, "max_pixels": 10**9}
        return np.stack([preprocess(path, **options).image for path in paths])
    eyes = cohort.plan(0, -(-count // 4), -(-count // 8), -(-count // 8))[:count]
    square = (arguments.size, arguments.size)
    rendered = (render(eye, 0, 560, 480).photograph for eye in eyes)
    return np.stack([cv2.resize(photograph, square, interpolation=cv2.INTER_AREA) for photograph in rendered])


def network(name: str, weights: Path, device: str, precision: str, layout: str) -> Callable:
    """Return the levels of a backbone in a memory layout; the library itself always takes channels last."""
    backbone = TimmBackbone(name, weights, device=device, precision=precision)
    if layout == "first":
        model = copy.deepcopy(backbone._model).to(memory_format=torch.contiguous_format)
        backbone._model = lambda batch: model(batch.contiguous(memory_format=torch.contiguous_format))
    return backbone.levels


def measured(
    levels: Callable, images: torch.Tensor, device: str, arguments: argparse.Namespace
) -> tuple[float, np.ndarray]:
    """Return seconds an image of the network alone, and the scores of the images that are not in the bank."""
    levels(images[:1])
    clock = clock_of(device)
    start = clock()
    found = [[level[0].cpu() for level in levels(image[None])] for image in images]
    seconds = (clock() - start) / len(images)
    off = Attention("off", "none")
    features = [combine(*pair, pool=3, region=0, attention=off)[0].flatten(0, 1).numpy() for pair in found]
    half = len(images) // 2
    positions = np.concatenate(features[:half])
    kept = np.random.default_rng(0).permutation(len(positions))[: int(arguments.share * len(positions))]
    bank = NearestNeighbours(np.ascontiguousarray(positions[kept]), method="flat", device=device, memory=MEMORY)
    return seconds, np.array([bank.distances(np.ascontiguousarray(queries)).max() for queries in features[half:]])


if __name__ == "__main__":
    main()
