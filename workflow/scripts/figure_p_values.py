"""Draw how many normal and abnormal images of the test have a p-value below each promise of false alarms."""

import pandas as pd

from fundus_anomaly.evaluation.promises import promises
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.report.figures.promises import draw
from fundus_anomaly.report.pages.figure import save_with_page
from fundus_anomaly.scoring.contract import read_scores
from support.rule import run


def main(input, output, params):
    """Draw the figure as PNG and as a page."""
    excluded = read_results_table(input.left_out, {"id": "str"})["id"]
    labels = pd.DataFrame(dict(params.test)).set_index("id")["label"]
    found = {}
    for method, score, file, normals in zip(
        params.methods, params.image_scores, input.scores, input.normals, strict=True
    ):
        test = read_scores(file).set_index("id")[score].drop(excluded, errors="ignore")
        test = test[labels.loc[test.index] >= 0]
        abnormal = (labels.loc[test.index] == 1).to_numpy()
        found[method] = promises(test.to_numpy(), abnormal, read_scores(normals)[score].to_numpy())
    save_with_page(draw(found, params.confidence), output.picture, output.page, params.title, params.dpi)


if __name__ == "__main__":
    run(main, snakemake)
