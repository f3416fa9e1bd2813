"""Fit a method that ours are compared with to the normal photographs."""

from pathlib import Path

import pandas as pd

from fundus_anomaly.audit.copies import copies_of
from fundus_anomaly.audit.findings import read_findings
from fundus_anomaly.device import device_for
from fundus_anomaly.files.checksummed import remove_checksummed, write_csv
from fundus_anomaly.methods.detector_file import write_detector
from fundus_anomaly.methods.interface import Network, Work
from fundus_anomaly.methods.named import method_named
from fundus_anomaly.methods.taught import Beside, open_taught
from fundus_anomaly.seeds import digest
from fundus_anomaly.training.checkpoint import key_of
from support.rule import run


def main(input, output, params, wildcards, resources, threads):
    """Write what the method has learned, and the history of its epochs."""
    method = method_named(wildcards.method)
    settings = method.settings(**params.settings)
    checkpoint = Path(output.detector).with_name("training.checkpoint.pt")
    taught = (params.train, params.abnormal, params.test, params.held_out)
    key = key_of(input, (params.code, params.settings, *taught, params.repeat, params.seed))
    seed = digest(params.seed, wildcards.method, "repeat", params.repeat)
    work = Work(device_for(resources.get("gpu", 0), threads), seed, checkpoint, key)
    patients, owners = (dict(zip(*table.values(), strict=True)) for table in (params.train, params.abnormal))
    networks = {name: network for name, network in params.networks.items() if name in params.takes}
    taken = {name: Network(network, Path(input[name])) for name, network in networks.items()}
    beside = None
    if "abnormal" in params.takes:
        beside = Beside(input.abnormal, owners, copies_of(read_findings(input.findings), params.test))
    with open_taught(input.images, patients, beside, params.held_out, params.seed) as given:
        taken |= {"abnormal": given.abnormal} if beside else {}
        fitted = method.fit(*given.normals, settings, work, **taken)
    write_csv(output.history, pd.DataFrame(fitted.history))
    write_detector(output.detector, wildcards.method, settings, given.side, fitted.detector)
    remove_checksummed(checkpoint)


if __name__ == "__main__":
    run(main, snakemake)
