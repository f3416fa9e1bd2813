"""Score lesioned copies of normals against the memory bank without entries of their patients."""

from fundus_anomaly.datasets.subsets import entries_of_own_patients
from fundus_anomaly.device import device_for
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.hdf5 import open_h5, read_ids, read_texts
from fundus_anomaly.methods.resad.scored_maps import read_bank, score_file
from fundus_anomaly.neighbours.search import neighbours_for
from support.rule import run


def main(input, output, params, resources, threads):
    """Write distance maps and image scores of the copies, as `calibrate` does of the normals themselves."""
    device, bank = device_for(resources.get("gpu", 0), threads), read_bank(input.bank)
    patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
    number = {name: place for place, name in enumerate(bank.ids)}
    with open_h5(input.images, "id", "normal") as images:
        normal_of = dict(zip(read_ids(images), read_texts(images, "normal"), strict=True))
    normals = [number[name] for name in dict.fromkeys(normal_of.values())]
    own = entries_of_own_patients(bank.ids, [patient_of[name] for name in bank.ids], bank.image, normals)
    scores = score_file(
        input.features,
        input.images,
        neighbours_for(bank.features, params.search, device=device, threads=threads, seed=params.seed),
        output.maps,
        image_size=params.image_size,
        options=params.scores,
        excluding={copy: own[name] for copy, name in normal_of.items()},
    )
    write_csv(output.scores, scores)


if __name__ == "__main__":
    run(main, snakemake)
