"""Lesion masks as nobody wants them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from hostile_case import Case
from hostile_images import BROKEN, COLOURS, GREY, LESION, MOST, content, picture, png_bomb
from PIL import Image

from fundus_anomaly.audit.fact_tables import MASK_FACTS, fact_table
from fundus_anomaly.audit.inspect import inspect_mask
from fundus_anomaly.audit.mask_findings import mask_findings
from fundus_anomaly.datasets.manifest import frame
from fundus_anomaly.imaging.decode import decode_mask
from fundus_anomaly.imaging.geometry import stretch
from fundus_anomaly.imaging.lesion_masks import lesion_coverage

SOFT = np.where(LESION, 255, 0).astype(np.uint8)
SOFT[3, 10:20], SOFT[9, 10:20] = 127, 128
SOFT_LESION = LESION.copy()
SOFT_LESION[9, 10:20] = True


def as_mask(path: Path, results: Path) -> np.ndarray:
    return decode_mask(path, False, MOST)


def coverage(path: Path, results: Path) -> np.ndarray:
    return lesion_coverage(path, inverted=False, geometry=stretch(24), full_size=(24, 32), max_pixels=MOST)


def audited_masks(path: Path, results: Path) -> set[str]:
    """Return the kinds of findings on two masks that are the same file."""
    manifest = frame([{"id": name, "path": "a.png", "split": "test", "label": 1} for name in ("a", "b")], ())
    photographs = pd.DataFrame({"id": ["a", "b"], "width": 32, "height": 24, "exif_orientation": 1, "error_kind": ""})
    keys = pd.DataFrame({"id": ["a", "b"], "lesion": "MA"})
    facts = fact_table(keys, [inspect_mask(path, False, MOST)] * 2, MASK_FACTS)
    return {f"{finding.kind}, {finding.severity}" for finding in mask_findings(manifest, photographs, facts)}


CASES = [
    Case(
        "mask of another size",
        picture("m.png", GREY.crop((0, 0, 9, 9))),
        coverage,
        ("m.png", "9×9", "the photograph's size, 32×24", "replace the mask"),
    ),
    Case(
        "palette mask",
        picture("p.png", Image.fromarray(LESION * np.uint8(3)).convert("P")),
        as_mask,
        handled=lambda found: (found == LESION).all(),
    ),
    Case(
        "inverted masks",
        picture("i.png", Image.fromarray(~LESION)),
        audited_masks,
        handled=lambda found: "mask: inverted, error" in found,
    ),
    Case(
        "mask with soft edges",
        picture("s.png", Image.fromarray(SOFT)),
        as_mask,
        handled=lambda found: (found == SOFT_LESION).all(),
    ),
    Case(
        "RGBA mask",
        picture("a.png", Image.fromarray(np.dstack([COLOURS * 0 + 255, LESION * np.uint8(255)]))),
        as_mask,
        handled=lambda found: (found == LESION).all(),
    ),
    Case(
        "16-bit mask",
        picture("16.png", Image.fromarray(LESION * np.uint16(65535))),
        as_mask,
        handled=lambda found: (found == LESION).all(),
    ),
    Case("empty mask file", content("e.png", b""), as_mask, ("e.png", *BROKEN)),
    Case("mask bomb", content("b.png", png_bomb(100_000)), as_mask, ("b.png", "1,000,000 pixels", "replace")),
]
