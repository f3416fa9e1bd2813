"""Write a table of all photographs, and pages to look through them."""

from pathlib import Path

from fundus_anomaly.datasets.named_roots import below_root
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.whole_folder import whole_folder
from fundus_anomaly.methods.resad.detector_file import read_trained
from fundus_anomaly.predict.images_table import heat_maps_in, images_table, write_images
from fundus_anomaly.predict.judge import MEASURED, read_judged
from fundus_anomaly.predict.shown import pictured
from fundus_anomaly.predict.store import Store
from fundus_anomaly.quality.shift import shift_light
from fundus_anomaly.quality.tables import summary
from fundus_anomaly.quality.verdict import NOT_JUDGED
from fundus_anomaly.report.figures.heat_map import Scale, scale_in_words
from fundus_anomaly.report.pages.gallery_card import Finding
from fundus_anomaly.report.pages.gallery_folder import write_gallery
from fundus_anomaly.report.pages.gallery_page import Settings
from fundus_anomaly.scoring.thresholds import calibrate, calibration_in_words
from support.rule import run


def main(input, output, params):
    """Write ``images.csv``, what is said of all of them, each photograph and its heat map, and pages of them."""
    table, store = read_judged(input.judged), Store(params.store, input.judged)
    trained, scores = read_trained(input.detector)
    normals = scores.calibrated
    calibration = calibrate(normals, trained.normal_quantile)
    threshold = calibration.threshold
    # A photograph that could be read has a key; of these, what cannot be judged has no heat map.
    seen = table[table["key"] != ""].set_index("id")
    maps = heat_maps_in(Path(output.page).name, table["id"], table["quality"])
    # Neither table nor page names the folder of the photographs.
    (root,) = params.roots
    below = table.assign(path=[below_root(path, root) for path in table["path"]])
    rows = images_table(below, params.refused, threshold, calibration.expected, maps)
    write_images(output.table, output.workbook, rows)
    light = shift_light({name: seen[name].to_numpy() for name in MEASURED}, trained.limits)
    unnamed = [NOT_JUDGED] * len(params.refused)
    write_csv(output.summary, summary([*table["quality"], *unnamed], light))
    settings = Settings(
        title=params.title,
        method=f"ReSAD, calibrated, {trained.backbone['name']}, image score {trained.scoring['calibrated_score']}",
        threshold=threshold,
        threshold_meaning=calibration_in_words(len(normals), trained.normal_quantile),
        scale=Scale(*trained.colours),
        unit=scale_in_words(calibrated=True, quantile=trained.scale_quantile),
        left_out_title="Could not be read",
    )
    missing = [(row.id, row.reason) for row in table[table["key"] == ""].itertuples()]
    missing += [(Path(path).name, reason) for path, reason in params.refused]
    found = [Finding(row.Index, row.score, quality=row.quality, reason=row.reason) for row in seen.itertuples()]
    with whole_folder(output.page) as filling:
        write_gallery(
            filling,
            found,
            lambda name: pictured(store.require(seen.loc[name, "key"])),
            normals,
            missing,
            settings,
            light,
        )


if __name__ == "__main__":
    run(main, snakemake)
