"""What does a training step cost by arithmetic and memory layout?

Times one step (forward, backward) of LesionPaste's classifier in float32 and bfloat16, channels last and first, on
random images; prints seconds an image, the best of several steps, and its ratio to the library's own setting:

    PYTHONPATH=src python benchmarks/training.py --network vgg16 --threads 2
"""

from __future__ import annotations

import argparse
import itertools
import time

import torch
from tabulate import tabulate
from torch import nn

from fundus_anomaly.device import device_for
from fundus_anomaly.networks.classifier import Classifier, empty_network, memory_format

LAYOUTS = {"last": torch.channels_last, "first": torch.contiguous_format}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="vgg16")
    parser.add_argument("--head", default="full")
    parser.add_argument("--size", type=int, default=256, help="side of the images in pixels")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--precisions", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--gpu", type=int, default=0)
    arguments = parser.parse_args()
    device = device_for(arguments.gpu, arguments.threads)
    network = empty_network(arguments.network, arguments.head).to(device)
    own = memory_format(network, device)
    seconds = {
        (precision, layout): step_seconds(network, device, precision, layout, arguments)
        for precision, layout in itertools.product(arguments.precisions, LAYOUTS)
    }
    reference = next(value for (_, layout), value in seconds.items() if LAYOUTS[layout] is own)
    rows = [
        (f"{precision}, channels {layout}", value, value / reference) for (precision, layout), value in seconds.items()
    ]
    print(f"{arguments.network}, {arguments.size}², batch {arguments.batch}, {device}")
    print(tabulate(rows, ["setting", "s/image", "ratio"], floatfmt=".3f", tablefmt="github"))


def step_seconds(network: nn.Module, device: str, precision: str, layout: str, arguments: argparse.Namespace) -> float:
    """Return the seconds an image of the fastest of several training steps."""
    classifier = Classifier(network, (0.5,) * 3, (0.1,) * 3).on(device).train()
    classifier._format = LAYOUTS[layout]
    classifier.to(memory_format=LAYOUTS[layout])
    size = (arguments.batch, arguments.size, arguments.size, 3)
    photographs = torch.randint(0, 256, size, dtype=torch.uint8, device=device)
    labels = torch.arange(arguments.batch, device=device) % 2
    taken = []
    for _ in range(arguments.steps):
        start = time.perf_counter()
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
            logits = classifier(photographs)
        nn.functional.cross_entropy(logits, labels).backward()
        if device == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - start)
    return min(taken) / arguments.batch


if __name__ == "__main__":
    main()
