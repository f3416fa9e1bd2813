"""Fetch the backbone's weights and check what they are."""

import logging

from fundus_anomaly.networks.weights import fetch
from support.rule import run


def main(output, params):
    """Copy or download the weights file, whole and with the pinned SHA-256."""
    found = fetch(params.name, params.path, params.sha256, output.weights, section=params.section)
    logging.info("weights of %s: SHA-256 %s", params.name, found)


if __name__ == "__main__":
    run(main, snakemake)
