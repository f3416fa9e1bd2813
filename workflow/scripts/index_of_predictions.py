"""Write the page that leads to everything that a detector said of a folder of photographs."""

import json
import platform
from dataclasses import asdict

from fundus_anomaly.files.checksummed import read_csv
from fundus_anomaly.files.whole import write_text
from fundus_anomaly.methods.resad.detector_file import read_trained
from fundus_anomaly.quality.tables import read_summary, summary_in_words
from fundus_anomaly.report.pages.index import Section, index_page
from fundus_anomaly.report.pages.index_parts import costs, judged, links
from fundus_anomaly.report.tables.job_costs import job_costs
from fundus_anomaly.scoring.thresholds import calibration_in_words
from support.rule import run


def main(input, output, params):
    """Write ``index.html``."""
    trained, scores = read_trained(input.detector)
    size = trained.preprocessing["size"]
    about = {
        "judged by": "ReSAD, its map calibrated by position",
        "backbone": trained.backbone["name"],
        "image size": f"{size}×{size}",
        "threshold": calibration_in_words(len(scores.calibrated), trained.normal_quantile),
    }
    table = read_csv(input.table, encoding="utf-8-sig", keep_default_na=False)
    said = summary_in_words(*read_summary(input.quality))
    sections = [Section("Photographs", said, links=links(params.links)), judged(table["decision"])]
    sections.append(costs(job_costs(params.benchmarks)))
    settings = {name: json.dumps(value, ensure_ascii=False) for name, value in asdict(trained).items()}
    versions = {"Python": platform.python_version()} | dict(params.versions)
    write_text(output.page, index_page(params.title, about, sections, versions, settings))


if __name__ == "__main__":
    run(main, snakemake)
