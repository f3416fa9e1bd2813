"""Judge the photographs that no earlier run has judged by the same detector."""

import importlib.metadata

import pandas as pd

from fundus_anomaly.api import load
from fundus_anomaly.files.digest import sha256
from fundus_anomaly.files.sealed import write_csv
from fundus_anomaly.predict.judge import judge
from fundus_anomaly.predict.photographs import state_of
from fundus_anomaly.predict.store import Store, made_by
from fundus_anomaly.progress import track
from support.rule import run

# They decode, or compute.
LIBRARIES = ("pillow", "opencv-python-headless", "numpy", "scipy", "torch", "torchvision", "timm", "onnxruntime")


def main(input, output, params, threads, resources):
    """Write a row a photograph, ``id``, its file's state and what was said of it; the pictures go into the store."""
    photographs, store = list(input.photographs), Store(params.store)
    states = [state_of(path) for path in photographs]
    # The same bits whatever cores there are.
    detector = load(input.detector, device="cuda" if resources.get("gpu", 0) else "cpu", threads=1)
    versions = [f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES]
    made = made_by(sha256(input.detector), input.code, versions)
    judged = judge(photographs, detector, store, made, threads)
    rows = [
        dict(zip(("path", "size", "changed"), state, strict=True)) | {"id": name} | row.figures()
        for name, state, row in zip(params.ids, states, track(judged, len(photographs), "photographs"), strict=True)
    ]
    write_csv(output.judged, pd.DataFrame(rows))
    store.keep_only({row["key"] for row in rows})


if __name__ == "__main__":
    run(main, snakemake)
