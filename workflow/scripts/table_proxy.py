"""Compare what lesioned copies say of Table 3's settings with what the test says."""

from fundus_anomaly.files.checksummed import read_csv, write_csv
from fundus_anomaly.report.pages.table import write_document
from fundus_anomaly.report.tables.proxy import correlation_table, correlations, proxy_markdown, proxy_table
from fundus_anomaly.report.tables.variant import Variant
from support.rule import run


def main(input, output, params):
    """Write both figures of each setting, their rank correlation, and a page with both."""

    def variants(files):
        pairs = zip(params.names, files, strict=True)
        return [Variant(name, {}, read_csv(file), params.image_score) for name, file in pairs]

    table = proxy_table(variants(input.lesioned), variants(input.tested))
    found = correlations(table, resamples=params.resamples, confidence=params.confidence, seed=params.seed)
    text = proxy_markdown(table, found, params.title, params.facts, params.confidence)
    write_csv(output.csv, table)
    write_csv(output.correlation, correlation_table(found))
    write_document(text, output.md, output.html)


if __name__ == "__main__":
    run(main, snakemake)
