"""Write a table of all photographs, and pages to look through them."""

from pathlib import Path

from fundus_anomaly.datasets.named_roots import with_paths_below
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.whole_folder import whole_folder
from fundus_anomaly.methods.resad.detector_file import read_trained
from fundus_anomaly.predict.images_table import heat_maps_in, images_table, write_images
from fundus_anomaly.predict.judge import MEASURED, read_judged
from fundus_anomaly.predict.shown import pictured_in, settings_of
from fundus_anomaly.predict.store import Store
from fundus_anomaly.quality.shift import shift_light
from fundus_anomaly.quality.tables import summary
from fundus_anomaly.quality.verdict import NOT_JUDGED
from fundus_anomaly.report.pages.gallery_card import findings_of
from fundus_anomaly.report.pages.gallery_folder import write_gallery
from fundus_anomaly.scoring.thresholds import calibrate
from support.rule import run


def main(input, output, params):
    """Write ``images.csv``, what is said of all of them, each photograph and its heat map, and pages of them."""
    table, store = read_judged(input.judged), Store(params.store, input.judged)
    trained, (_, normals) = read_trained(input.detector)
    calibration = calibrate(normals, trained.normal_quantile)
    # A photograph that could be read has a key; of these, what cannot be judged has no heat map.
    seen = table[table["key"] != ""].set_index("id")
    maps = heat_maps_in(Path(output.page).name, table["id"], table["quality"])
    # Neither table nor page names the folder of the photographs.
    below = with_paths_below(table, *params.roots)
    rows = images_table(below, params.refused, calibration.threshold, calibration.expected, maps)
    write_images(output.table, output.workbook, rows)
    light = shift_light({name: seen[name].to_numpy() for name in MEASURED}, trained.limits)
    write_csv(output.summary, summary([*table["quality"], *(NOT_JUDGED for _ in params.refused)], light))
    missing = [(row.id, row.reason) for row in table[table["key"] == ""].itertuples()]
    missing += [(Path(path).name, reason) for path, reason in params.refused]
    found, pictures = findings_of(seen[["score", "quality", "reason"]]), pictured_in(store, seen["key"])
    with whole_folder(output.page) as folder:
        write_gallery(folder, found, pictures, normals, missing, settings_of(trained, normals, params.title), light)


if __name__ == "__main__":
    run(main, snakemake)
