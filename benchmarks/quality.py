"""Which of IDRiD's photographs can be judged by its own normals, and what becomes of spoiled ones.

python benchmarks/quality.py FOLDER [SIDE], FOLDER that of the unpacked dataset; SIDE of the working square, 784.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "workflow")]

from fundus_anomaly.imaging.decode import decode  # noqa: E402
from fundus_anomaly.imaging.field_of_view import field_of_view  # noqa: E402
from fundus_anomaly.imaging.geometry import stretch  # noqa: E402
from fundus_anomaly.quality.limits import Limits, Options  # noqa: E402
from fundus_anomaly.quality.shift import shift_light  # noqa: E402
from fundus_anomaly.quality.statistics import Statistics, statistics  # noqa: E402
from fundus_anomaly.quality.tables import quartiles_of_table, with_outcomes  # noqa: E402

GRADES = "B. Disease Grading/2. Groundtruths"
# What config/idrid.yaml excludes.
EXCLUDED = {"IDRiD_118", "IDRiD_177"}
SPOILED = {
    "blurred, σ 4 pixels of 784": lambda image: cv2.GaussianBlur(image, (0, 0), 4 * image.shape[1] / 784),
    "a fifth of the light": lambda image: (image * 0.2).astype(np.uint8),
    "four times the light": lambda image: np.clip(image * 4.0, 0, 255).astype(np.uint8),
    "the right half alone": lambda image: np.ascontiguousarray(image[:, image.shape[1] // 2 :]),
    "turned by a quarter": lambda image: np.ascontiguousarray(np.rot90(image)),
    "one colour": lambda image: np.full_like(image, image.mean()),
}


def measured(image: np.ndarray, side: int) -> Statistics:
    """Return what is measured of a photograph, ``(H, W, 3)`` uint8 RGB."""
    geometry, view = stretch(side), field_of_view(image).astype(np.uint8) * 255
    return statistics(geometry.apply(image), geometry.apply(view) > 127, geometry, image.shape[:2])


def photographs(folder: Path) -> pd.DataFrame:
    """Return the photographs: ``path``, ``part`` and ``abnormal``."""
    rows = [(path, "segmentation", True) for path in sorted((folder / "A. Segmentation").rglob("*.jpg"))]
    for labels in sorted((folder / GRADES).glob("*.csv")):
        grades = pd.read_csv(labels).iloc[:, :2].set_index("Image name").iloc[:, 0]
        part = "test" if "Testing" in labels.name else "train"
        found = sorted((folder / "B. Disease Grading" / "1. Original Images").glob(f"*{part.title()}*/*.jpg"))
        kept = [path for path in found if part == "test" or path.stem not in EXCLUDED]
        rows += [(path, part, bool(grades[path.stem])) for path in kept]
    return pd.DataFrame(rows, columns=["path", "part", "abnormal"])


def main(folder: Path, side: int) -> None:
    """Print outcomes by part, the traffic light of each, and those of spoiled normals of the test."""
    options = Options(**yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["quality"])
    table = photographs(folder)
    found = []
    for path in table["path"]:
        image, full_size = decode(path, (side, side), 10**9)
        resolution = full_size[1] / image.shape[1]
        one = measured(image, side)
        found.append({"id": str(path)} | one._replace(resolution=one.resolution * resolution)._asdict())
    said = pd.DataFrame(found)
    normals = said[((table["part"] == "train") & ~table["abnormal"]).to_numpy()]
    limits = Limits(quartiles_of_table(normals), options)
    table["quality"] = with_outcomes(said, limits)["quality"]
    print(table.groupby(["part", "abnormal"])["quality"].value_counts().unstack(fill_value=0).to_string())
    for (part, abnormal), rows in table.groupby(["part", "abnormal"]):
        chosen = said.loc[rows.index]
        light = shift_light({name: chosen[name].to_numpy() for name in Statistics._fields}, limits)
        print(f"{part}, {'abnormal' if abnormal else 'normal'}: {light.colour}")
    images = [decode(path, (side, side), 10**9)[0] for path in table.query("part == 'test' and not abnormal")["path"]]
    for name, spoil in SPOILED.items():
        rows = [{"id": str(place)} | measured(spoil(image), side)._asdict() for place, image in enumerate(images)]
        print(f"{name}: {with_outcomes(pd.DataFrame(rows), limits)['quality'].value_counts().to_dict()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 784)
