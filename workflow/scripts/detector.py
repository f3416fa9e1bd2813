"""Write ReSAD as one file: its bank, its backbone, and all that a photograph needs to be judged by it."""

from fundus_anomaly.files.hdf5 import open_h5, read_ids, read_texts
from fundus_anomaly.imaging.geometry import source_geometry
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
from support.library_versions import NOT_INSTALLED, versions_of
from support.rule import run


def main(input, output, params):
    """Write the detector; it holds no photograph, no path and no id."""
    with open_h5(input.bank, "feature") as file:
        bank = file["feature"][:]
    with open_h5(input.maps, "distance", "id") as file:
        displacement = displacement_of(file)
        scale = scale_of(file, params.scale_quantile)
        with open_h5(input.images, "field_of_view", "id") as images:
            distance = typical_values(file, images)
            ids, sources = read_ids(images), read_texts(images, "source")
    variant = dict(params.variant)
    trained = Trained(
        settings=Settings(
            **{name: variant[name] for name in ("pool", "region", "spatial", "scale", "coreset")},
            **{name: params.features[name] for name in ("batch", "dtype")},
            epsilon=params.epsilon,
            search=dict(params.search),
        ),
        backbone={"name": variant["backbone"], "precision": params.features["precision"], "onnx": dict(params.onnx)},
        preprocessing=dict(params.preprocessing),
        scoring=dict(params.scores) | {"image_score": params.image_score, "calibrated_score": params.calibrated_score},
        displacement=displacement,
        normal_quantile=params.normal_quantile,
        seed=params.seed,
        colours=(scale.low, scale.high),
        scale_quantile=params.scale_quantile,
        quality=Options(**params.quality),
        quartiles=read_quartiles(input.quality) | quartiles_of({"distance": distance}),
    )
    normals, calibrated = read_scores(input.normals), read_scores(input.calibrated)
    patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
    made = Made(
        dataset=params.dataset,
        patient_of={name: patient_of[name] for name in ids},
        sizes=[source_geometry(source)[1][::-1] for source in sources],
        entries=bank.shape,
        licence=licence_of(variant["backbone"], params.own_weights),
        # Those of this job's own Python: the one that planned it may have others, or none.
        versions={name: one for name, one in versions_of(params.libraries).items() if one != NOT_INSTALLED},
    )
    chosen = params.image_score, params.calibrated_score
    scores = Normals(*(table[name].to_numpy() for table, name in zip((normals, calibrated), chosen, strict=True)))
    card = model_card(made, scores, trained)
    positions = read_positions(input.positions)
    write_resad(output.detector, bank, input.weights, normals, calibrated, positions, trained, card)


if __name__ == "__main__":
    run(main, snakemake)
