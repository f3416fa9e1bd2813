# What all stages share: the dataset, the variants, and the library modules that a script runs through.

import sys
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from snakemake.utils import Paramspace

SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from fundus_anomaly import variants
from fundus_anomaly.datasets import manifest, registry
from fundus_anomaly.errors import InputError
from fundus_anomaly.lesionpaste.keys import SYNTHESIS_KEYS
from fundus_anomaly.lesionpaste.rows import expand as lesionpaste_rows
from fundus_anomaly.lesionpaste.sources import source_key, source_rows
from import_closure import import_closure

RESULTS = f"results/{config['experiment'] or config['dataset']}"
DATA_ROOT = config["data_root"] or (f"{RESULTS}/data" if config["dataset"] == "phantom" else ".")


def or_stop(function, *arguments):
    """Return a function's result; an error in the user's input stops the workflow in its own words."""
    try:
        return function(*arguments)
    except InputError as error:
        raise WorkflowError(str(error))


def read_datasets():
    """Return the configured dataset as it was found, and without the images that the user excluded."""
    settings = config["data"][config["dataset"]]
    found = registry.load(config["dataset"], settings, DATA_ROOT, config["seed"])
    return found, manifest.excluding(found, config["data"]["exclude"])


# The audit reads all that was found, so that its report tells what an exclusion settled.
FOUND, DATASET = or_stop(read_datasets)
SOURCE_IMAGES = config["lesionpaste"]["source"]["images"]


def read_source_dataset():
    """Return the dataset that holds the annotated images: the run's own, or another."""
    source = config["lesionpaste"]["source"]
    if not SOURCE_IMAGES or not source["dataset"] and not source["root"]:
        return FOUND
    name = source["dataset"] or config["dataset"]
    return registry.load(name, config["data"][name], source["root"] or DATA_ROOT, config["seed"])


SOURCE_DATASET = or_stop(read_source_dataset)


def source_table():
    """Return the manifest's rows of the annotated images."""
    if not SOURCE_IMAGES:
        raise WorkflowError(
            "lesionpaste.source.images is empty: name the annotated image whose lesions are to be pasted."
        )
    return or_stop(source_rows, SOURCE_DATASET, SOURCE_IMAGES, set(DATASET.manifest["id"]))


ROWS = {row["key"]: row for row in or_stop(lesionpaste_rows, config)}
VARIANTS = pd.DataFrame(or_stop(variants.expand, config))
RESC_SPACE = Paramspace(VARIANTS[variants.RESC_KEYS].drop_duplicates())
BANK_SPACE = Paramspace(VARIANTS[variants.RESC_KEYS + variants.BANK_KEYS].drop_duplicates())


def from_here(file):
    """Return a file's path relative to the working folder if it lies below it, so that a moved run stays valid."""
    file = file.resolve()
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)


def code(script):
    """Return the library modules that a script runs through, as inputs."""
    return [from_here(file) for file in import_closure(SCRIPTS / script)]


AUDITED_SPLITS = list(FOUND.audited["split"].unique())
MASKED_SPLITS = [
    split
    for split, table in FOUND.audited.groupby("split")
    if (table[manifest.mask_columns(FOUND.lesions)] != "").any(axis=None)
]

PREPROCESSING = {"resad": config["preprocessing"], "lesionpaste": config["lesionpaste"]["preprocessing"]}
# Where each network's weights come from; ReSAD's settings count for a network that both methods use.
NETWORKS = {part["name"]: part for part in (config["lesionpaste"]["network"], config["backbone"])}
IMAGE_SIZE = [config["preprocessing"]["size"]] * 2
INDEX = {key: config["bank"][key] for key in ("index", "nlist", "nprobe")}
SCORES = {key: config["scoring"][key] for key in ("top_quantile", "smoothing")}


def rows(split=None, columns=None):
    """Return the manifest's rows of a split (all by default), as plain values for `params`."""
    return columns_of(DATASET.manifest, split, columns)


def audited(split=None, columns=None):
    """Return the rows that the audit reads: those of excluded images and of images that the benchmark leaves out too."""
    return columns_of(FOUND.audited, split, columns)


def columns_of(table, split, columns):
    table = table if split is None else table[table["split"] == split]
    return table[columns or list(table.columns)].to_dict("list")


def mask_paths(table, lesions=FOUND.lesions):
    """Return the paths of all lesion masks in rows of the manifest, image by image."""
    columns = [table[column] for column in manifest.mask_columns(lesions)]
    return [path for image in zip(*columns) for path in image if path]


def rows_of_split(wildcards):
    return rows(wildcards.split)


def photographs(wildcards):
    return rows(wildcards.split)["path"]


def ids_of_split(wildcards):
    return rows(wildcards.split)["id"]


def masks(wildcards):
    return mask_paths(rows(wildcards.split))


def audited_rows(wildcards):
    return audited(wildcards.split)


def audited_photographs(wildcards):
    return audited(wildcards.split)["path"]


def audited_ids(wildcards):
    return audited(wildcards.split)["id"]


def audited_masks(wildcards):
    return mask_paths(audited(wildcards.split))


MAIN = [variants.RESAD, variants.PATCHCORE]
SHOWN = [variants.PATCHCORE, variants.RESAD]
ABLATIONS = [name for name in VARIANTS["variant"] if name not in MAIN]
# The entropy of the attention depends on its scale alone: one variant for each.
ATTENDING = list(
    VARIANTS[VARIANTS["variant"].isin(ABLATIONS) & ~VARIANTS["spatial"].isin(["off", "identity"])].drop_duplicates(
        "scale"
    )["variant"]
)
# Tables and curves need both classes in the test; a folder of unknown images has neither.
LABELLED = {0, 1} <= set(DATASET.manifest.loc[DATASET.manifest["split"] == "test", "label"])
MASKS = [f"{RESULTS}/masks/resad/test.h5"] if "test" in MASKED_SPLITS else []
PUBLISHED = from_here(SCRIPTS / "fundus_anomaly" / "tables" / "published" / "resad.csv")
TABLE = {
    "dataset": config["dataset"],
    "image_score": config["scoring"]["image_score"],
    "normal_quantile": config["evaluation"]["normal_quantile"],
    "confidence": config["evaluation"]["confidence"],
    "size": config["preprocessing"]["size"],
    "search": INDEX,
    "test": rows("test", ["id", "label"]),
}


def variant_rows(names):
    """Return the parameters of the named variants."""
    return VARIANTS.set_index("variant", drop=False).loc[list(names)].to_dict("records")


def variant_paths(names, pattern):
    """Return one path for each named variant's bank, scores or figures."""
    space = Paramspace(pd.DataFrame(variant_rows(names), columns=variants.RESC_KEYS + variants.BANK_KEYS))
    return [pattern.format(variant=instance) for instance in space.instance_patterns]


def approximate_maps(names):
    """Return the named variants' distance maps if an approximate index made them: they hold its recall."""
    return variant_paths(names, f"{RESULTS}/scores/{{variant}}/test.h5") if INDEX["index"] != "flat" else []


def resc_paths(names, pattern):
    """Return one path for each named variant's features."""
    space = Paramspace(pd.DataFrame(variant_rows(names), columns=variants.RESC_KEYS))
    return [pattern.format(variant=instance) for instance in space.instance_patterns]


SOURCE_BANK = f"{RESULTS}/lesion_bank/{source_key(SOURCE_IMAGES)}/bank.h5" if SOURCE_IMAGES else []
PUBLISHED_LESIONPASTE = from_here(SCRIPTS / "fundus_anomaly" / "tables" / "published" / "lesionpaste.csv")


def lesionpaste_files(name):
    """Return one file of each row and repeat, the repeats of a row side by side."""
    network = config["lesionpaste"]["network"]["name"]
    folder = f"{RESULTS}/lesionpaste/{network}"
    return [f"{folder}/{row}/repeat~{number}/{name}" for row in ROWS for number in config["lesionpaste"]["repeats"]]


def lesionpaste_results(wildcards):
    """Return what the target makes; a run without an annotated image cannot have it."""
    source_table()
    return [
        f"{RESULTS}/lesion_bank/{source_key(SOURCE_IMAGES)}/lesions.png",
        *rules.figure_twins.output,
        *rules.table_lesionpaste.output,
        *rules.figure_learning_curves.output,
    ]


wildcard_constraints:
    split="train|test|unused",
    method="resad|lesionpaste",
    network="[a-z0-9_]+",
    row="[a-z0-9_.]+",
    repeat="[0-9]+",
    sources="[^/]+",
    backbone="[a-z0-9_]+",
    pool="[0-9]+",
    region="[0-9]+",
    spatial="[a-z_]+",
    scale="[a-z_]+(-[0-9.]+)?",
    normals="[0-9.]+",
    coreset="[0-9.]+",
