"""Write the page that leads to everything of a run."""

import platform
from pathlib import Path

import pandas as pd

from fundus_anomaly.audit.findings import read_findings
from fundus_anomaly.files.checksummed import read_csv
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.files.whole import write_text
from fundus_anomaly.quality.tables import read_summary, summary_in_words
from fundus_anomaly.report.pages.index import Section, index_page
from fundus_anomaly.report.pages.index_parts import costs, links
from fundus_anomaly.report.pages.run_index import data, headlines, in_words, there
from fundus_anomaly.report.tables.job_costs import job_costs
from support.rule import run


def main(input, output, params):
    """Write ``index.html``."""
    manifest = pd.DataFrame(dict(params.manifest))
    left_out = read_results_table(input.left_out, {"id": "str"})
    leads_to = {title: links(given) for title, given in params.links.items()}
    sections = [
        Section("Photographs", summary_in_words(*read_summary(input.quality)), links=leads_to.pop("Photographs")),
        *headlines(read_csv(input.resad), [read_csv(table) for table in input.lesionpaste]),
        data(manifest, read_findings(input.findings), len(left_out), leads_to.pop("Data")),
        *(Section(title, links=found) for title, found in leads_to.items()),
        Section("Of further targets", links=links(there(params.further, Path(output.page).parent, input.further))),
        costs(job_costs(params.benchmarks)),
    ]
    about = {name: str(value) for name, value in params.about.items()} | in_words(manifest)
    versions = {"Python": platform.python_version()} | dict(params.versions)
    write_text(output.page, index_page(params.title, about, sections, versions, dict(params.configuration)))


if __name__ == "__main__":
    run(main, snakemake)
