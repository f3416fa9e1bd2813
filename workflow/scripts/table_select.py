"""Choose one of the candidates by lesioned copies of held-out normals."""

import json

from fundus_anomaly.evaluation.choice import chosen
from fundus_anomaly.evaluation.lesioned import CALIBRATED
from fundus_anomaly.files.checksummed import read_csv, write_csv
from fundus_anomaly.files.whole import write_text
from fundus_anomaly.report.pages.table import write_document
from fundus_anomaly.report.tables.select import p_values, select_markdown, select_table, selection_record
from fundus_anomaly.report.tables.variant import Variant
from support.rule import run


def main(input, output, params):
    """Write the table as CSV, as Markdown and as a page, and the chosen configuration as JSON."""
    variants, scores = [], {}
    for row, metrics, images in zip(params.candidates, input.metrics, input.scores, strict=True):
        score = f"{CALIBRATED if row['settings']['calibrated'] else ''}{row['settings']['image_score']}"
        variants.append(Variant(row["name"], dict(row["settings"]), read_csv(metrics), score))
        manifest = read_csv(images, dtype={"id": str, "patient": str})
        scores[row["name"]] = manifest.set_index("id")[score]
    table = select_table(variants)
    choice = chosen(dict(zip(table["method"], table[params.figure], strict=True)), params.figure)
    table["p_value"] = p_values(scores, manifest, choice.name)
    table["chosen"] = table["method"] == choice.name
    copies = int(manifest["label"].sum())
    made_of = f"{copies} copies of {len(manifest) - copies} normals of {manifest['patient'].nunique()} patients"
    facts = {"lesioned copies": made_of, **params.facts}
    text = select_markdown(table, choice, params.figure, params.title, facts, params.confidence)
    settings = {row["name"]: dict(row["settings"]) for row in params.candidates}
    record = selection_record(table, choice, params.figure, settings, facts, params.annotated, params.digest)
    write_csv(output.csv, table)
    write_document(text, output.md, output.html)
    write_text(output.selection, json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


if __name__ == "__main__":
    run(main, snakemake)
