"""Judge the photographs that no earlier run has judged by the same detector."""

import pandas as pd

from fundus_anomaly.api import load
from fundus_anomaly.device import device_for
from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.digest import sha256
from fundus_anomaly.predict.judge import FIGURES, MEASURED, judge
from fundus_anomaly.predict.photographs import state_of
from fundus_anomaly.predict.store import Store, made_by
from fundus_anomaly.progress import track
from support.rule import run

COLUMNS = ["id", "path", "size", "changed", "key", *FIGURES, "quality", "reason", *MEASURED]


def main(input, output, params, threads, resources):
    """Write a row a photograph, ``id``, its file's state and what was said of it; the pictures go into the store."""
    photographs, store = list(input.photographs), Store(params.store, output.judged)
    states = [state_of(path) for path in photographs]
    # The same bits whatever cores there are.
    device, before = device_for(resources.get("gpu", 0), threads=1), sha256(input.detector)
    detector = load(input.detector, device=device, threads=1)
    if sha256(input.detector) != before:
        raise InputError(Problem(input.detector, "a file that was written to meanwhile", "a whole one", "run it again"))
    made = made_by(before, params.code, params.libraries, device)
    judged = judge(photographs, detector, store, made, threads)
    rows = [
        dict(zip(("path", "size", "changed"), state, strict=True)) | {"id": name} | row.figures()
        for name, state, row in zip(params.ids, states, track(judged, len(photographs), "photographs"), strict=True)
    ]
    write_csv(output.judged, pd.DataFrame(rows, columns=COLUMNS))
    store.keep_only({row["key"] for row in rows})


if __name__ == "__main__":
    run(main, snakemake)
