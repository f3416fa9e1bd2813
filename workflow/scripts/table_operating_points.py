"""Write the sensitivities at promised specificities, and how rare each image's score is among normals."""

import numpy as np
import pandas as pd

from fundus_anomaly.evaluation.judgeable import with_and_without
from fundus_anomaly.evaluation.operating_points import Scored, rarity
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.files.whole import write_text
from fundus_anomaly.quality.tables import read_quality
from fundus_anomaly.quality.verdict import NOT_JUDGED
from fundus_anomaly.report.pages.table import page
from fundus_anomaly.report.tables.footnotes import independence, left_out_note, without_names
from fundus_anomaly.report.tables.operating_points import operating_markdown
from fundus_anomaly.report.tables.unjudged import with_and_without_note
from fundus_anomaly.scoring.contract import read_scores
from support.rule import run

COLUMNS = ["method", "id", "score", "p_value", "quality", "reason"]


def main(input, output, params):
    """Write the table as CSV, as Markdown and as a page, and the p-values of all images."""
    left_out = read_results_table(input.left_out, {"id": "str", "reason": "str"})
    excluded = dict(zip(left_out["id"], left_out["reason"], strict=True))
    test = pd.DataFrame(dict(params.test)).set_index("id")
    patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
    said, of_normals = read_quality(input.quality), read_quality(input.normal_quality)
    points, images = [], []
    for method, score, file, normal_file in zip(
        params.methods, params.image_scores, input.scores, input.normals, strict=True
    ):
        found, held_out = read_scores(file), read_scores(normal_file)
        found = found[~found["id"].isin(excluded)]
        normals = held_out[score].to_numpy()
        rare = rarity(found["id"], found[score].to_numpy(), normals).assign(method=method)
        images.append(rare.join(said[["quality", "reason"]], on="id"))
        labelled = found[test.loc[found["id"], "label"].to_numpy() >= 0]
        rows = test.loc[labelled["id"]]
        judged = Scored(labelled[score].to_numpy(), rows["label"].to_numpy() == 1, rows["patient"].to_numpy(str))
        patients = np.array([patient_of[name] for name in held_out["id"]], str)
        by_normals = Scored(normals, np.zeros(len(normals), bool), patients)
        refused = [
            (table["quality"].reindex(ids) == NOT_JUDGED).to_numpy()
            for table, ids in ((said, labelled["id"]), (of_normals, held_out["id"]))
        ]
        points += [
            {"method": method, "image_score": score} | row
            for row in with_and_without(judged, by_normals, *refused, params.promised, params.confidence)
        ]
    table = pd.DataFrame(points)
    further = [with_and_without_note(said["quality"], of_normals["quality"])]
    further += [independence(params.test, excluded), left_out_note(excluded)]
    text = operating_markdown(table, f"Operating points on {params.dataset}", params.confidence, further)
    write_csv(output.csv, table)
    write_csv(output.images, pd.concat(images, ignore_index=True)[COLUMNS])
    write_text(output.md, text)
    write_text(output.html, page(without_names(text, excluded)))


if __name__ == "__main__":
    run(main, snakemake)
