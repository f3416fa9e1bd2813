"""Take the pictures of pages that the README and the documents show: `make screenshots`, after `make run`."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
from headless import DESK, Browser

DOCS = Path(__file__).parent
# Below 150 KB a picture, and the letters can be read.
WIDTH, QUALITY = 1120, 80
_LOADED = """
Promise.all([...document.images].map((one) => {
  one.loading = "eager";
  return one.decode().catch(() => 0);
})).then(() => new Promise((done) => setTimeout(done, 300)))
"""
_GALLERY = """
const set = (name, value) => { byId(name).value = value; byId(name).dispatchEvent(new Event("change")); };
if (byId("arranged")) set("arranged", "patient");
byId("controls").scrollIntoView();
"""
# Of each picture the page below the results, and what is done on it first.
PICTURES = {"screenshot_index.jpg": ("index.html", ""), "screenshot_gallery.jpg": ("heat_maps/index.html", _GALLERY)}


def main(results: Path, folder: Path = DOCS) -> None:
    """Write the pictures of a finished run's pages.

    Args:
        results: Its folder.
        folder: Where they go.
    """
    with Browser() as browser:
        for name, (page, first) in PICTURES.items():
            browser.open(results / page, **DESK)
            browser.value(f"{first}; 0")
            browser.value(_LOADED)
            taken = folder / f"{name}.part.png"
            browser.picture(taken)
            size = WIDTH, round(WIDTH * DESK["height"] / DESK["width"])
            picture = cv2.resize(cv2.imread(str(taken)), size, interpolation=cv2.INTER_AREA)
            cv2.imwrite(str(folder / name), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            taken.unlink()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
