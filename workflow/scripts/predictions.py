"""Write a table of all photographs, and pages to look through them."""

from pathlib import Path

from fundus_anomaly.files.output_names import output_file
from fundus_anomaly.files.whole import write_text
from fundus_anomaly.files.whole_folder import whole_folder
from fundus_anomaly.methods.resad.detector_file import read_trained
from fundus_anomaly.predict.images_table import images_table, write_images_table
from fundus_anomaly.predict.judge import picture, read_judged
from fundus_anomaly.predict.store import Store
from fundus_anomaly.report.figures.heat_map import Scale
from fundus_anomaly.report.pages.scores import Finding, Settings, pages
from fundus_anomaly.scoring.thresholds import calibration_in_words, image_threshold
from support.rule import run

LARGER = ("photograph/{id}.jpg", "heat_map/{id}.png")


def main(input, output, params):
    """Write ``images.csv``, each photograph and its heat map, and pages with the highest score first."""
    table, store = read_judged(input.judged), Store(params.store, input.judged)
    trained, scores = read_trained(input.detector)
    normals = scores.calibrated
    threshold = image_threshold(normals, trained.normal_quantile)
    seen = table[table["reason"] == ""].set_index("id")
    folder = Path(output.page).name
    maps = [f"{folder}/{output_file(LARGER[1], name)}" if name in seen.index else "" for name in table["id"]]
    write_images_table(output.table, images_table(table, params.refused, threshold, maps))

    def pictures(name):
        judged = store.require(seen.loc[name, "key"])
        return picture(judged.photograph), picture(judged.heat_map)

    settings = Settings(
        title=params.title,
        method=f"ReSAD, calibrated, {trained.backbone['name']}, image score {trained.scoring['calibrated_score']}",
        threshold=threshold,
        threshold_meaning=calibration_in_words(len(normals), trained.normal_quantile),
        rows_per_page=200,
        thumbnail=200,
        jpeg_quality=85,
        scale=Scale(*trained.colours),
        larger=LARGER,
    )
    found = [Finding(row.Index, row.path, row.score) for row in seen.itertuples()]
    missing = [*table.loc[table["reason"] != "", ["path", "reason"]].itertuples(index=False), *params.refused]
    with whole_folder(output.page) as filling:
        for name, key in seen["key"].items():
            store.require(key).write_pictures(filling, LARGER, name)
        for page, html in pages(found, normals, missing, pictures, settings):
            write_text(filling / page, html)


if __name__ == "__main__":
    run(main, snakemake)
