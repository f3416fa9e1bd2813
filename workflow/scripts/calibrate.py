"""Score normals against the memory bank without their own patients' entries."""

from fundus_anomaly.datasets.subsets import calibration_images, entries_of_own_patients
from fundus_anomaly.device import device_for
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.methods.resad.scored_maps import read_bank, score_file
from fundus_anomaly.neighbours.search import neighbours_for
from support.rule import run


def main(input, output, params, resources, threads):
    """Write distance maps and image scores of the chosen normals: what normals give that the bank has never seen."""
    device, bank = device_for(resources.get("gpu", 0), threads), read_bank(input.bank)
    patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
    patients = [patient_of[name] for name in bank.ids]
    chosen = calibration_images(patients, params.images, params.seed)
    scores = score_file(
        input.features,
        input.images,
        # The same index as for the test images, so that an approximate one biases both sets of distances alike.
        neighbours_for(bank.features, params.search, device=device, threads=threads, seed=params.seed),
        output.maps,
        image_size=params.image_size,
        options=params.scores,
        chosen=chosen,
        excluding=entries_of_own_patients(bank.ids, patients, bank.image, chosen),
        switches=params.switches,
    )
    write_csv(output.scores, scores)


if __name__ == "__main__":
    run(main, snakemake)
