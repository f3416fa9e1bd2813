"""Draw the phantom's photographs and masks, and write their labels."""

from pathlib import Path

import cv2
import numpy as np

from fundus_anomaly.files.whole import whole, write_text
from fundus_anomaly.parallel import ordered_map
from fundus_anomaly.phantom import cohort
from fundus_anomaly.phantom.render import render
from fundus_anomaly.progress import track
from support.rule import run


def draw(eye: cohort.Eye, seed: int, width: int, height: int, root: Path) -> None:
    """Draw one eye and write its photograph (JPEG) and masks (PNG) below ``root``."""
    rendering = render(eye, seed, width, height)
    photograph, masks = cohort.file_names(eye)
    encode(root / photograph, rendering.photograph[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    for lesion, name in masks.items():
        encode(root / name, rendering.masks[lesion], [])


def encode(path: Path, image: np.ndarray, options: list[int]) -> None:
    """Write an image, ``(H, W)`` or ``(H, W, 3)`` BGR uint8, in the format of the path's suffix."""
    _, data = cv2.imencode(path.suffix, image, options)
    with whole(path) as temporary:
        temporary.write_bytes(data.tobytes())


def main(output, params, threads):
    """Draw every planned eye."""
    settings = dict(params.settings)
    width, height = settings.pop("width"), settings.pop("height")
    wanted = set(params.ids)
    eyes = [eye for eye in cohort.plan(params.seed, **settings) if eye.id in wanted]
    cv2.setNumThreads(1)
    work = ordered_map(lambda eye: draw(eye, params.seed, width, height, Path(params.root)), eyes, threads)
    for _ in track(work, len(eyes), "phantom"):
        pass
    write_text(output.labels, cohort.label_table(eyes).to_csv(index=False, lineterminator="\n"))


if __name__ == "__main__":
    run(main, snakemake)
