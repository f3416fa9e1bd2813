"""Write the sensitivities at promised specificities, and how rare each image's score is among normals."""

import pandas as pd

from fundus_anomaly.audit.excluded import read_excluded
from fundus_anomaly.evaluation.judgeable import points_of
from fundus_anomaly.evaluation.operating_points import rarity
from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.quality.tables import read_quality, refused_of
from fundus_anomaly.report.pages.table import write_document
from fundus_anomaly.report.tables.operating_points import operating_markdown, operating_notes
from fundus_anomaly.scoring.contract import read_scores
from support.rule import run


def main(input, output, params):
    """Write the table as CSV, as Markdown and as a page, and the p-values of all images."""
    excluded, test = read_excluded(input.left_out), pd.DataFrame(dict(params.test)).set_index("id")
    patient_of = dict(zip(params.train["id"], params.train["patient"], strict=True))
    said, of_normals = read_quality(input.quality), read_quality(input.normal_quality)
    refused = refused_of(said) | refused_of(of_normals)
    points, images = [], []
    rows = zip(params.methods, params.image_scores, input.scores, input.normals, strict=True)
    for method, score, *files in rows:
        scores, normals = (read_scores(file).set_index("id")[score] for file in files)
        scores = scores[~scores.index.isin(excluded)]
        images.append(rarity(scores.index, scores.to_numpy(), normals.to_numpy()).assign(method=method))
        found = points_of(scores, normals, test, patient_of, refused, params.promised, params.confidence)
        points += [{"method": method, "image_score": score} | row for row in found]
    rare = pd.concat(images, ignore_index=True).join(said[["quality", "reason"]], on="id")
    notes = operating_notes(said["quality"], of_normals["quality"], params.test, excluded)
    table = pd.DataFrame(points)
    write_csv(output.csv, table)
    write_csv(output.images, rare[["method", "id", "score", "p_value", "quality", "reason"]])
    text = operating_markdown(table, f"Operating points on {params.dataset}", params.confidence, notes)
    write_document(text, output.md, output.html, excluded)


if __name__ == "__main__":
    run(main, snakemake)
