"""How soon a page of 500 photographs is seen, and how large it is: `python benchmarks/gallery.py`, with a Chromium.

The figures mean something on a machine that does nothing else, so no test holds them.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "browser")]

from headless import DESK, PHONE, Browser  # noqa: E402

from fundus_anomaly.phantom import cohort  # noqa: E402
from fundus_anomaly.phantom.render import render  # noqa: E402
from fundus_anomaly.report.figures.heat_map import Scale  # noqa: E402
from fundus_anomaly.report.figures.lesion_colours import lesion_colours  # noqa: E402
from fundus_anomaly.report.pages.gallery_card import Finding  # noqa: E402
from fundus_anomaly.report.pages.gallery_folder import Pictured, write_gallery  # noqa: E402
from fundus_anomaly.report.pages.gallery_page import Settings  # noqa: E402

COUNT, SIDE, RUNS = 500, 512, 7
LESIONS = ("MA", "HE", "EX", "SE")
_PAINT = """new Promise((done) => new PerformanceObserver((list) => {
  const found = list.getEntriesByName("first-contentful-paint");
  if (found.length) done(found[0].startTime);
}).observe({type: "paint", buffered: true}))"""


def photographs():
    """Return phantom photographs of SIDE pixels with the field of view painted a little."""
    plan = cohort.plan(0, train_patients=1, test_normal_patients=1, test_abnormal_patients=4, labelled_patients=0)
    found = []
    for eye in list(plan)[:8]:
        picture = cv2.resize(render(eye, 0, 960, 840).photograph, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        levels = cv2.GaussianBlur(picture[..., 1], (0, 0), 12)
        levels[levels < levels.mean()] = 0
        coverage = np.zeros((len(LESIONS), SIDE, SIDE), np.uint8)
        coverage[:2, 200:240, 200:260] = 255
        found.append(Pictured(picture, levels, coverage))
    return found


def main():
    """Print size and first contentful paint of a synthetic gallery."""
    shown = photographs()
    findings = [
        Finding(f"clinic/{n:04d}_{'right' if n % 2 else 'left'}", float(n), n % 2, patient=str(n // 2))
        for n in range(COUNT)
    ]
    settings = Settings("Synthetic", "ReSAD", COUNT / 2, "of none", Scale(2, 4), lesions=lesion_colours(LESIONS))
    with tempfile.TemporaryDirectory(prefix="gallery") as folder, Browser() as browser:
        pages = Path(folder) / "heat_maps"
        write_gallery(pages, findings, lambda name: shown[int(name[7:11]) % len(shown)], np.arange(4.0), [], settings)
        sizes = [page.stat().st_size / 1e6 for page in pages.glob("*.html")]
        print(f"{COUNT} photographs of {SIDE}x{SIDE} on {len(sizes)} page: {max(sizes):.2f} MB")
        for name, window in (("desk, 1400x900", DESK), ("phone, 390x844", PHONE)):
            times = []
            for _ in range(RUNS):
                browser.open(pages / "index.html", **window)
                times.append(browser.value(_PAINT))
            middle, most = statistics.median(times), max(times)
            print(f"first contentful paint, {name}: median {middle:.0f} ms of {RUNS}, most {most:.0f} ms")


if __name__ == "__main__":
    main()
