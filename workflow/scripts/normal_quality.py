"""Measure the training normals, and what limits they set for photographs that are to be judged."""

from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.hdf5 import open_h5
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.quality.limits import Limits, Options
from fundus_anomaly.quality.tables import measure, quartiles_of_table, quartiles_table, with_outcomes
from support.rule import run


def main(input, output, params):
    """Write each normal's statistics with what its fellows' limits say of it, and the quartiles of all."""
    with open_h5(input.images, "image", "field_of_view", "source", "id") as file:
        found = measure(file)
    excluded = read_results_table(input.left_out, {"id": "str"})["id"]
    found = found[~found["id"].isin(excluded)].reset_index(drop=True)
    quartiles = quartiles_of_table(found)
    write_csv(output.normals, quartiles_table(quartiles))
    write_csv(output.photographs, with_outcomes(found, Limits(quartiles, Options(**params.options))))


if __name__ == "__main__":
    run(main, snakemake)
