# What all stages share: the variants, what is prepared and scored, and where each result of a variant lies.

import pandas as pd
from snakemake.iocontainers import Wildcards
from snakemake.utils import Paramspace

from fundus_anomaly.datasets.subsets import require_two_patients
from fundus_anomaly.networks.weights import require_source
from fundus_anomaly.plan import compared, patchcore_rows, variants
from fundus_anomaly.plan.bank import require_scorable
from fundus_anomaly.plan.run import MAIN, SCALE_QUANTILE, SHOWN, Run

RUN = or_stop(Run.of, config, METHOD_TITLES, UNSTABLE)
RESC_SPACE = Paramspace(pd.DataFrame(RUN.variants, columns=variants.RESC_KEYS))
BANK_SPACE = Paramspace(pd.DataFrame(RUN.variants, columns=variants.RESC_KEYS + variants.BANK_KEYS))


def fractions_of(wildcards):
    """Return the shares of normals and of positions that a bank's wildcards name."""
    return {key: float(wildcards[key]) for key in variants.BANK_KEYS}


def resc_of(wildcards):
    """Return how features are made of levels, as their wildcards name it."""
    named = {"region": int(wildcards.region), "spatial": wildcards.spatial, "scale": wildcards.scale}
    return patchcore_rows.pooling(wildcards.pool) | named


def bank_to_search(wildcards):
    """Return a variant's memory bank; one that no search could use stops the workflow."""
    table = DATASET.manifest[DATASET.manifest["split"] == "train"]
    or_stop(
        lambda: require_scorable(
            table["id"].tolist(),
            table["patient"].tolist(),
            fractions_of(wildcards),
            size=config["preprocessing"]["size"],
            search=config["bank"],
            calibration=config["evaluation"]["calibration_images"],
            seed=config["seed"],
        )
    )
    return f"{RESULTS}/bank/{BANK_SPACE.wildcard_pattern}/memory_bank.h5".format(**dict(wildcards.items()))


def weights_file(wildcards):
    """Return the user's file of weights, if there is one; one that is missing stops the workflow, with the remedy."""
    part = RUN.weights[wildcards.weights]
    or_stop(require_source, part["name"], part["weights"], part["sections"][0])
    return part["weights"] or []


# Folder of the maps calibrated by position, in that of a variant's scores and of their evaluation.
CALIBRATED = "calibrated"
PUBLISHED = from_here(LIBRARY / "report" / "tables" / "published.csv")


def variant_paths(names, pattern):
    """Return one path for each named variant's bank, scores or figures."""
    space = Paramspace(pd.DataFrame(RUN.named(names), columns=variants.RESC_KEYS + variants.BANK_KEYS))
    return [pattern.format(variant=instance) for instance in space.instance_patterns]


def approximate_maps(names):
    """Return the named variants' distance maps if an approximate index made them: they hold its recall."""
    return variant_paths(names, f"{RESULTS}/scores/{{variant}}/test.h5") if RUN.index["index"] != "flat" else []


def resc_paths(names, pattern):
    """Return one path for each named variant's features."""
    space = Paramspace(pd.DataFrame(RUN.named(names), columns=variants.RESC_KEYS))
    return [pattern.format(variant=instance) for instance in space.instance_patterns]


def switched(wildcards):
    """Return the bank of a further row of PatchCore as the wildcards of its files."""
    return Wildcards(fromdict={key: str(value) for key, value in RUN.further[wildcards.row]["variant"].items()})


def of_switched(function):
    """Return a function of a bank's wildcards as one of the wildcards of a further row of PatchCore."""
    return lambda wildcards, *more: function(switched(wildcards), *more)


def features_of_switched(split):
    """Return a function that gives the features of a further row of PatchCore."""
    pattern = f"{RESULTS}/resc/{RESC_SPACE.wildcard_pattern}/{split}.h5"
    return of_switched(lambda wildcards: pattern.format(**dict(wildcards.items())))


def fitted_row(wildcards):
    """Return the row of a fit; too few patients for any fit stop the workflow."""
    train = DATASET.manifest[DATASET.manifest["split"] == "train"]
    or_stop(require_two_patients, train["patient"].tolist(), f"normal images to fit {wildcards.method} to")
    return RUN.fits[wildcards.method, wildcards.row, wildcards.run]


wildcard_constraints:
    **variants.WILDCARDS,
    split="train|test|unused|source|lesioned",
    prepared="resad|lesionpaste|compared|as_taken",
    method="[a-z0-9_]+",
    # What was scored: a variant of the memory bank, or a run of another method.
    scored="(backbone~|[a-z0-9_]+/).+",
    network="[a-z0-9_]+",
    row="[^/]+",
    run="(fold~[0-9]+/)?repeat~[0-9]+",
    paper_table="3|1|2|A1|A2",
    sources="[^/]+",
    weights="[a-z0-9_]+([.]lesionpaste)?",
