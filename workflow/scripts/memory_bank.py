"""Gather the chosen features of the normal images: the memory bank."""

import numpy as np

from fundus_anomaly.files.hdf5 import create_dataset, create_h5, open_h5, read_ids, write_ids
from fundus_anomaly.progress import track
from support.rule import run


def main(input, output):
    """Write ``feature`` (k, c), ``image`` (k,) int32 into ``id``, in the order of the coreset's choice (eq. 6)."""
    with open_h5(input.coreset, "index", "image") as file:
        index, images = file["index"][:], file["image"][:]
    with open_h5(input.features, "feature", "id") as source, create_h5(output.bank) as file:
        features = source["feature"]
        positions = int(np.prod(features.shape[1:3]))
        bank = np.empty((len(index), features.shape[3]), features.dtype)
        image, position = images[index // positions], index % positions
        for number in track(images, len(images), "memory bank"):
            own = np.flatnonzero(image == number)
            bank[own] = features[number].reshape(positions, -1)[position[own]]
        stored = file.create_dataset(
            "feature", bank.shape, bank.dtype, chunks=(min(len(bank), 1024), bank.shape[1]), fletcher32=True
        )
        stored[:] = bank
        create_dataset(file, "image", image.shape, np.int32)[:] = image
        write_ids(file, read_ids(source))


if __name__ == "__main__":
    run(main, snakemake)
