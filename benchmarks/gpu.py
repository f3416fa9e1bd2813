"""What a GPU gives: speed beside the same machine's CPU, memory, and how busy training keeps it.

Prints a page in Markdown; needs the library and torch, neither Snakemake nor faiss, no network and no photographs.
Weights are random, sizes are the papers': IDRiD at 784² with Wide ResNet-50's full width, VGG16 with batches of 64.
``tests/gpu`` holds the answers to the CPU's. Both together take some minutes:

    PYTHONPATH=src python -m pytest --confcutdir=tests/gpu tests/gpu; PYTHONPATH=src python benchmarks/gpu.py

``--device cpu --scale 0.05`` tries the script itself where there is no GPU; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fundus_anomaly.device import device_for
from fundus_anomaly.methods.resad.attention import Attention
from fundus_anomaly.methods.resad.resc import combine
from fundus_anomaly.neighbours.coreset import select
from fundus_anomaly.neighbours.search import NearestNeighbours
from fundus_anomaly.networks.classifier import Classifier, empty_network
from fundus_anomaly.networks.interface import load
from fundus_anomaly.training.classification import Classification, Schedule

# IDRiD's normals to train on, and positions of a feature map at 784².
NORMALS, POSITIONS = 132, 98
Row = tuple[str, str, str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--scale", type=float, default=1.0, help="of numbers of points and of sides, for a trial")
    parser.add_argument("--seconds", type=float, default=330, help="after this no further measurement is begun")
    arguments = parser.parse_args()
    threads = os.cpu_count() or 1
    found = device_for(1, threads)
    if arguments.device == "cuda" and found != "cuda":
        raise SystemExit("no GPU: torch.cuda.is_available() is False")
    print(f"# On a GPU\n\n{machine(arguments.device)}, {threads} CPU threads, {time.strftime('%Y-%m-%d')}.\n")
    print("| what | on the device | on the CPU | the device's peak memory, GB |\n| --- | --- | --- | --- |")
    began = time.monotonic()
    for measure in (features, resc, search, coreset, training):
        if time.monotonic() - began > arguments.seconds:
            print(f"| {measure.__name__} | not measured: {arguments.seconds:.0f} s are over | | |")
            continue
        try:
            for row in measure(arguments.device, arguments.scale, threads):
                print(f"| {' | '.join(row)} |", flush=True)
        except (ImportError, RuntimeError) as error:
            print(f"| {measure.__name__} | not measured: {str(error).splitlines()[0]} | | |", flush=True)
    print(f"\n{time.monotonic() - began:.0f} s in all.")


def machine(device: str) -> str:
    """Return what the figures were measured on, and the arithmetic that is allowed."""
    name = (
        torch.cuda.get_device_name() if device == "cuda" else f"{platform.processor() or platform.machine()} (a trial)"
    )
    tf32 = torch.backends.cuda.matmul.allow_tf32 or torch.backends.cudnn.allow_tf32
    deterministic = "deterministic" if torch.backends.cudnn.deterministic else "any"
    return f"{name}, torch {torch.__version__}, TF32 {'on' if tf32 else 'off'}, {deterministic} cuDNN algorithms"


def seconds(work: Callable[[], Any], device: str, repeats: int = 3) -> float:
    """Return the median seconds of a piece of work, after one that is not counted."""
    taken = []
    for number in range(repeats + 1):
        wait(device)
        start = time.perf_counter()
        work()
        wait(device)
        if number:
            taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def peak(device: str) -> str:
    """Return the largest memory since the last call, and begin to count anew."""
    if device != "cuda":
        return "–"
    gigabytes = torch.cuda.max_memory_allocated() / 1e9
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    return f"{gigabytes:.2f}"


def features(device: str, scale: float, threads: int) -> Iterator[Row]:
    """Levels 2 and 3 of Wide ResNet-50 at 784²."""
    import timm

    side = max(64, round(784 * scale / 16) * 16)
    torch.manual_seed(0)
    network = timm.create_model("wide_resnet50_2", pretrained=False, features_only=True, out_indices=(2, 3))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.pth"
        torch.save(network.state_dict(), path)
        settings = {"precision": "float32", "threads": threads, "onnx": {}}
        there = load("wide_resnet50_2", path, device=device, **settings)
        here = load("wide_resnet50_2", path, device="cpu", **settings)
    one = torch.randint(0, 256, (1, side, side, 3), dtype=torch.uint8)
    on_cpu = seconds(lambda: here.levels(one), "cpu", 1)
    for batch in (1, 4, 16):
        images = one.expand(batch, -1, -1, -1).contiguous()
        taken = seconds(lambda images=images: there.levels(images), device) / batch
        title = f"features, Wide ResNet-50, {side}², batch {batch}"
        yield title, f"{1000 * taken:.1f} ms an image", f"{1000 * on_cpu:.0f} ms", peak(device)


def resc(device: str, scale: float, threads: int) -> Iterator[Row]:
    """C = P + R of a photograph at 784²."""
    side = max(8, round(POSITIONS * scale / 2) * 2)
    for fine_channels, coarse_channels in ((40, 112), (512, 1024)):
        fine, coarse = torch.randn(side, side, fine_channels), torch.randn(side // 2, side // 2, coarse_channels)
        settings = {"pool": 1, "region": 12, "attention": Attention("matmul", "inv_sqrt")}
        there = fine.to(device), coarse.to(device)
        taken = seconds(lambda there=there, settings=settings: combine(*there, **settings), device)
        on_cpu = seconds(lambda both=(fine, coarse), settings=settings: combine(*both, **settings), "cpu", 1)
        title = f"ReSC, {side}×{side}×{fine_channels + coarse_channels}"
        yield title, f"{1000 * taken:.1f} ms an image", f"{1000 * on_cpu:.0f} ms", peak(device)


def search(device: str, scale: float, threads: int) -> Iterator[Row]:
    """Exact distances of a photograph's positions; "equal" is bit by bit."""
    rng = np.random.default_rng(0)
    for entries, channels in ((127_733, 152), (50_000, 1536)):
        bank = rng.standard_normal((max(100, round(entries * scale)), channels), dtype=np.float32)
        queries = rng.standard_normal((POSITIONS**2, channels), dtype=np.float32)
        there = NearestNeighbours(bank, method="flat", device=device, threads=threads)
        here = NearestNeighbours(bank, method="flat", device="cpu", threads=threads)
        answers = there.distances(queries), here.distances(queries)
        equal = "equal" if np.array_equal(*answers) else "NOT equal"
        taken = seconds(lambda there=there, queries=queries: there.distances(queries), device)
        on_cpu = seconds(lambda here=here, queries=queries: here.distances(queries), "cpu", 1)
        title = f"exact search, {len(bank):,} × {channels}, {len(queries):,} queries"
        yield title, f"{taken:.3f} s an image, {equal}", f"{on_cpu:.3f} s", peak(device)


def coreset(device: str, scale: float, threads: int) -> Iterator[Row]:
    """A greedy coreset, on the device and on the CPU where it ends soon; all of IDRiD's on the device alone."""
    rng = np.random.default_rng(0)
    for points, channels, share, both in (
        (100_000, 152, 0.1, True),
        (NORMALS * POSITIONS**2, 347, 0.01, False),
    ):
        made = rng.standard_normal((max(200, round(points * scale)), channels), dtype=np.float32)
        count = round(share * len(made))
        chosen, taken = {}, {}
        for one in (device, "cpu") if both else (device,):
            start = time.perf_counter()
            chosen[one] = select(made, count, device=one, threads=threads, memory=made.nbytes).index
            taken[one] = time.perf_counter() - start
        equal = "" if not both else ", equal" if np.array_equal(chosen[device], chosen["cpu"]) else ", NOT equal"
        title = f"coreset, {count:,} of {len(made):,} × {channels}"
        beside = f"{taken['cpu']:.1f} s" if both else "not measured"
        yield title, f"{taken[device]:.1f} s{equal}", beside, peak(device)


def training(device: str, scale: float, threads: int) -> Iterator[Row]:
    """Steps of VGG16 on batches of 64 at 256²: fed from the host, against the same batch that lies on the device."""
    batch, side, steps = max(4, round(64 * scale)), 256 if scale == 1 else 64, 12 if scale == 1 else 2
    host = torch.randint(0, 256, (batch, side, side, 3), dtype=torch.uint8)
    labels = torch.arange(batch) % 2
    fed: list[tuple[torch.Tensor, torch.Tensor]] = []
    for precision in ("float32", "bfloat16"):
        learner = Classification(
            Classifier(empty_network("vgg16", "full"), (0.5,) * 3, (0.25,) * 3),
            Schedule(epochs=10**6, learning_rate=1e-4, momentum=0.9, weight_decay=5e-4),
            lambda epoch: fed,
            lambda: [],
            steps=steps,
            images=batch * steps,
            device=device,
            precision=precision,
            remedy="",
        )
        taken = {}
        for where in (device, "cpu"):
            fed[:] = [(host.to(where), labels)] * steps
            taken[where] = seconds(lambda learner=learner: learner.epoch(0, lambda count: None), device)
        busy = f"{taken[device] / taken['cpu']:.0%} of the speed of batches that lie there" if device != "cpu" else "–"
        title = f"training, VGG16, {side}², batch {batch}, {precision}, fed from the host"
        yield title, f"{batch * steps / taken['cpu']:.0f} images/s, {busy}", "not measured", peak(device)


if __name__ == "__main__":
    main()
