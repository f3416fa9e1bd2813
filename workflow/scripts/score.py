"""Score the test images against the memory bank."""

from fundus_anomaly.device import device_for
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.methods.resad.scored_maps import read_bank, score_file
from fundus_anomaly.neighbours.search import neighbours_for
from support.rule import run


def main(input, output, params, resources, threads):
    """Write distance maps and image scores of every test image (eq. 7)."""
    device, bank = device_for(resources.get("gpu", 0), threads), read_bank(input.bank)
    scores = score_file(
        input.features,
        input.images,
        neighbours_for(bank.features, params.search, device=device, threads=threads, seed=params.seed),
        output.maps,
        image_size=params.image_size,
        options=params.scores,
        switches=params.switches,
        recall_seed=params.seed if params.search["index"] == "ivf" else None,
    )
    write_csv(output.scores, scores)


if __name__ == "__main__":
    run(main, snakemake)
