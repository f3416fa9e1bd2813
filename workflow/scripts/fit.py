"""Fit a method that ours are compared with to the normal photographs."""

from contextlib import ExitStack
from pathlib import Path

import pandas as pd

from fundus_anomaly.audit.copies import copies_of
from fundus_anomaly.audit.findings import read_findings
from fundus_anomaly.device import device_for
from fundus_anomaly.files.checksummed import remove_checksummed, write_csv
from fundus_anomaly.files.hdf5 import open_h5
from fundus_anomaly.methods.detector_file import write_detector
from fundus_anomaly.methods.interface import Network, Work
from fundus_anomaly.methods.named import method_named
from fundus_anomaly.methods.taught import abnormal_of, normals_of
from fundus_anomaly.seeds import digest
from fundus_anomaly.training.checkpoint import key_of
from support.rule import run


def main(input, output, params, wildcards, resources, threads):
    """Write what the method has learned, and the history of its epochs."""
    device = device_for(resources.get("gpu", 0), threads)
    method = method_named(wildcards.method)
    settings = method.settings(**params.settings)
    checkpoint = Path(output.detector).with_name("training.checkpoint.pt")
    taught = (params.train, params.abnormal, params.test, params.held_out)
    key = key_of(input, (params.settings, *taught, params.repeat, params.seed))
    work = Work(device, digest(params.seed, wildcards.method, "repeat", params.repeat), checkpoint, key)
    patients, split = dict(zip(*params.train.values(), strict=True)), (params.held_out, params.seed)
    taken = {
        name: Network(params.networks[name], Path(input[name])) for name in params.takes if name in params.networks
    }
    with ExitStack() as opened:
        file = opened.enter_context(open_h5(input.images, "image", "field_of_view", "id"))
        normals, side = normals_of(file, patients, *split), file["image"].shape[1]
        if "abnormal" in params.takes:
            beside = opened.enter_context(open_h5(input.abnormal, "image", "field_of_view", "id"))
            owners = dict(zip(*params.abnormal.values(), strict=True))
            refused = copies_of(read_findings(input.findings), params.test)
            taken["abnormal"] = abnormal_of(beside, owners, normals, patients, refused, *split)
        fitted = method.fit(*normals, settings, work, **taken)
    write_csv(output.history, pd.DataFrame(fitted.history))
    write_detector(output.detector, wildcards.method, settings, side, fitted.detector)
    remove_checksummed(checkpoint)


if __name__ == "__main__":
    run(main, snakemake)
