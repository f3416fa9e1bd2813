"""Write a table of all photographs, and pages to look through them."""

from pathlib import Path

from fundus_anomaly.files.output_names import output_file
from fundus_anomaly.files.sealed import write_csv
from fundus_anomaly.files.whole import write_text
from fundus_anomaly.files.whole_folder import whole_folder
from fundus_anomaly.methods.resad.detector_file import read_trained
from fundus_anomaly.predict.images_table import images_table, write_images_table
from fundus_anomaly.predict.judge import MEASURED, picture, read_judged
from fundus_anomaly.predict.store import Store
from fundus_anomaly.quality.shift import shift_light
from fundus_anomaly.quality.tables import summary
from fundus_anomaly.quality.verdict import NOT_JUDGED
from fundus_anomaly.report.figures.heat_map import Scale, scale_in_words
from fundus_anomaly.report.pages.scores import Finding, Settings, pages
from fundus_anomaly.report.pages.unjudged import Gate, Unjudged
from fundus_anomaly.scoring.thresholds import calibration_in_words, image_threshold
from support.rule import run

LARGER = ("photograph/{id}.jpg", "heat_map/{id}.png")


def main(input, output, params):
    """Write ``images.csv``, what is said of all of them, each photograph and its heat map, and pages of them."""
    table, store = read_judged(input.judged), Store(params.store, input.judged)
    trained, scores = read_trained(input.detector)
    normals = scores.calibrated
    threshold = image_threshold(normals, trained.normal_quantile)
    # A photograph that could be read has a key; of these, what cannot be judged is shown apart.
    seen = table[table["key"] != ""].set_index("id")
    ranked, unjudged = seen[seen["quality"] != NOT_JUDGED], seen[seen["quality"] == NOT_JUDGED]
    folder = Path(output.page).name
    maps = [f"{folder}/{output_file(LARGER[1], name)}" if name in ranked.index else "" for name in table["id"]]
    write_images_table(output.table, images_table(table, params.refused, threshold, maps))
    light = shift_light({name: seen[name].to_numpy() for name in MEASURED}, trained.limits)
    unnamed = [NOT_JUDGED] * len(params.refused)
    write_csv(output.summary, summary([*table["quality"], *unnamed], light))

    def photograph(name):
        return picture(store.require(seen.loc[name, "key"]).photograph)

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
        unit=scale_in_words(calibrated=True, quantile=trained.scale_quantile),
        larger=LARGER,
    )
    found = [Finding(row.Index, row.path, row.score, care=row.reason) for row in ranked.itertuples()]
    missing = [*table.loc[table["key"] == "", ["path", "reason"]].itertuples(index=False), *params.refused]
    gate = Gate([Unjudged(row.Index, row.path, row.reason) for row in unjudged.itertuples()], photograph, light)
    with whole_folder(output.page) as filling:
        for name, key in seen["key"].items():
            store.require(key).write_pictures(filling, LARGER, name)
        for page, html in pages(found, normals, missing, pictures, settings, gate):
            write_text(filling / page, html)


if __name__ == "__main__":
    run(main, snakemake)
