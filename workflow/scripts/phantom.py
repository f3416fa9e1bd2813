"""Draw the phantom's photographs and masks, and write their labels."""

from pathlib import Path

from fundus_anomaly.datasets.phantom_files import draw_files
from fundus_anomaly.files.whole import write_text
from fundus_anomaly.phantom import cohort
from support.rule import run


def main(output, params, threads):
    """Draw every planned eye."""
    settings = dict(params.settings)
    size = {name: settings.pop(name) for name in ("width", "height")}
    wanted = set(params.ids)
    eyes = [eye for eye in cohort.plan(params.seed, **settings) if eye.id in wanted]
    draw_files(eyes, Path(params.root), seed=params.seed, threads=threads, **size)
    write_text(output.labels, cohort.label_table(eyes).to_csv(index=False, lineterminator="\n"))


if __name__ == "__main__":
    run(main, snakemake)
