"""Facts of sound photographs and masks, with changes, as the audit reads them."""

import numpy as np
import pandas as pd

from fundus_anomaly.audit.fact_tables import MASK_FACTS, PHOTOGRAPH_FACTS
from fundus_anomaly.audit.photograph_findings import photograph_findings
from fundus_anomaly.datasets.manifest import frame

NOTHING = {"str": "", "int64": 0, "float64": 0.0}
SHARE = 0.12


def rows(*changes):
    """Four images, two of each split, with changes by place."""
    table = [{"id": f"set/{split}/{n}", "split": split, "label": 0} for split in ("train", "test") for n in (1, 2)]
    for place, change in changes:
        table[place] = table[place] | change
    return frame([row | {"path": f"{row['id']}.jpg"} for row in table], ("MA",))


def facts(manifest, *changes):
    """Facts of sound photographs that do not resemble each other, with changes by place."""
    random = np.random.default_rng(0)
    table = []
    for place, name in enumerate(manifest["id"]):
        sound = {key: NOTHING[kind] for key, kind in PHOTOGRAPH_FACTS.items()} | {
            "sha256": f"{place:064d}",
            "perceptual_hash": random.bytes(128).hex(),
            "format": "JPEG",
            "mode": "RGB",
            "bits": 8,
            "width": 100,
            "height": 80,
            "frames": 1,
            "exif_orientation": 1,
            "level_mean": 80.0,
            "level_spread": 40.0,
        }
        table.append({"id": name} | sound)
    for place, change in changes:
        table[place] |= change
    return pd.DataFrame(table).astype(PHOTOGRAPH_FACTS)


def masks(*changes):
    """Facts of masks, one row a change."""
    sound = {key: NOTHING[kind] for key, kind in MASK_FACTS.items()}
    sound |= {"format": "PNG", "mode": "L", "width": 100, "height": 80, "values": "0 255", "value_count": 2}
    sound |= {"id": "set/test/1", "lesion": "MA", "path": "m.png", "lesion_pixels": 8, "lesion_share": 0.001}
    return pd.DataFrame([sound | {"sha256": f"m{place}"} | change for place, change in enumerate(changes)])


def find(manifest, table, excluded=(), sources=()):
    return photograph_findings(manifest, table, SHARE, excluded, sources)


COPY = {"sha256": "same", "perceptual_hash": "0f" * 128}
NEAR = ({"perceptual_hash": "0f" * 128}, {"perceptual_hash": "0f" * 118 + "ff" * 10})
