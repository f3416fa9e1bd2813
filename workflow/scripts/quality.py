"""Say of each photograph of the test whether it can be judged, and of all whether they are of the normals' camera."""

import logging

from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.files.hdf5 import open_h5
from fundus_anomaly.files.tables import read_results_table
from fundus_anomaly.quality.limits import Limits, Options
from fundus_anomaly.quality.shift import shift_light
from fundus_anomaly.quality.tables import MEASURED, measure, read_quartiles, summary, with_outcomes
from fundus_anomaly.quality.verdict import NOT_JUDGED
from support.rule import run


def main(input, output, params):
    """Write a row a photograph, and what is said of all of them."""
    limits = Limits(read_quartiles(input.normals), Options(**params.options))
    with open_h5(input.images, "image", "field_of_view", "source", "id") as file:
        found = measure(file)
    excluded = read_results_table(input.left_out, {"id": "str"})["id"]
    found = with_outcomes(found[~found["id"].isin(excluded)].reset_index(drop=True), limits)
    for row in found[found["quality"] == NOT_JUDGED].itertuples():
        logging.warning("%s %s: %s", row.id, row.quality, row.reason)
    write_csv(output.photographs, found)
    light = shift_light({name: found[name].to_numpy() for name in MEASURED}, limits)
    write_csv(output.summary, summary(found["quality"], light))


if __name__ == "__main__":
    run(main, snakemake)
