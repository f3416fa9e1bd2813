"""Make lesioned copies of normals, with exact masks."""

import logging

from fundus_anomaly.datasets.subsets import calibration_images
from fundus_anomaly.files.hdf5 import create_h5, open_h5
from fundus_anomaly.imaging.prepared_images import NormalImages
from fundus_anomaly.methods.lesionpaste.lesion_bank import read_bank
from fundus_anomaly.methods.lesionpaste.lesioned_copies import drawn, pasted, write_lesioned
from support.rule import run


def main(input, output, params):
    """Write the copies and the masks of what was drawn onto them."""
    if input.bank:
        made = pasted(read_bank(input.bank), params.synthesis, params.most, params.seed)
    else:
        made = drawn(params.most, params.seed)
    patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
    with (
        open_h5(input.images, "image", "field_of_view", "source", "id") as file,
        create_h5(output.images) as images,
        create_h5(output.masks) as masks,
    ):
        normals = NormalImages(file)
        patients = [patient_of[name] for name in normals.ids]
        chosen = calibration_images(patients, params.normals, params.seed)
        logging.info("%d copies each of %d normals", params.copies, len(chosen))
        write_lesioned(normals, chosen, params.copies, made, images, masks)


if __name__ == "__main__":
    run(main, snakemake)
