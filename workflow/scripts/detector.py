"""Write ReSAD as one file: its bank, its backbone, and all that a photograph needs to be judged by it."""

from fundus_anomaly.files.hdf5 import open_h5, read_ids, read_texts
from fundus_anomaly.methods.resad.detector import Settings
from fundus_anomaly.methods.resad.detector_file import Normals, Trained, write_resad
from fundus_anomaly.methods.resad.model_card import Made, model_card
from fundus_anomaly.networks.weights import licence_of
from fundus_anomaly.quality.limits import Options, quartiles_of
from fundus_anomaly.quality.tables import read_quartiles
from fundus_anomaly.report.figures.shown_images import scale_of
from fundus_anomaly.scoring.calibrated_maps import read_positions
from fundus_anomaly.scoring.contract import read_scores
from fundus_anomaly.scoring.map_files import displacement_of
from fundus_anomaly.scoring.typical import typical_values
from support.library_versions import installed_versions
from support.rule import run


def main(input, output, params):
    """Write the detector; it holds no photograph, no path and no id."""
    with open_h5(input.bank, "feature") as file:
        bank = file["feature"][:]
    with open_h5(input.maps, "distance", "id") as maps, open_h5(input.images, "field_of_view", "id") as images:
        displacement, scale = displacement_of(maps), scale_of(maps, params.trained["scale_quantile"])
        distance, ids, sources = typical_values(maps, images), read_ids(images), read_texts(images, "source")
    trained = Trained(
        Settings(**params.settings),
        **params.trained,
        displacement=displacement,
        colours=(scale.low, scale.high),
        quality=Options(**params.quality),
        quartiles=read_quartiles(input.quality) | quartiles_of({"distance": distance}),
    )
    made = Made.of(
        *(ids, sources, dict(zip(params.train["id"], params.train["patient"], strict=True))),
        dataset=params.dataset,
        entries=bank.shape,
        licence=licence_of(trained.backbone["name"], params.own_weights),
        versions=installed_versions(params.libraries),
    )
    normals = Normals.of(read_scores(input.normals), read_scores(input.calibrated), trained.scoring)
    positions, card = read_positions(input.positions), model_card(made, normals, trained)
    write_resad(output.detector, bank, input.weights, normals, positions, trained, card)


if __name__ == "__main__":
    run(main, snakemake)
