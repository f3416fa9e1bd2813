# The images of a run: those of its dataset, what the audit reads of them, and annotated images that give lesions.

from dataclasses import asdict
from functools import cache

from fundus_anomaly.datasets import manifest, registry
from fundus_anomaly.datasets.columns import NO_FOLD, UNUSED
from fundus_anomaly.datasets.cuts import only
from fundus_anomaly.datasets.labelled import abnormal_beside, require_labelled
from fundus_anomaly.plan import lesionpaste_rows
from fundus_anomaly.plan.lesion_sources import SOURCE, audited_sources, require_sources, source_key, source_rows
from fundus_anomaly.plan.bank import require_mask_files
from support.private import private
from support.results_folder import require_no_data_root


def read_datasets():
    """Return the configured dataset as it was found, and without the images that the user excluded."""
    settings = config["data"][config["dataset"]]
    on_bad_image = config["data"]["on_bad_image"]
    found = registry.load(config["dataset"], settings, DATA_ROOT, SLICES, config["seed"], on_bad_image)
    return found, manifest.excluding(found, config["data"]["exclude"])


# The audit reads all that was found, so that its report tells what an exclusion settled.
or_stop(require_no_data_root, config["dataset"], config["data_root"])
FOUND, DATASET = or_stop(read_datasets)
LESIONPASTE_ROWS = or_stop(lesionpaste_rows.expand, config)
TRAININGS = lesionpaste_rows.trainings(LESIONPASTE_ROWS)
# Sets of annotated images by the folder of their bank; none leaves LesionPaste out.
SOURCES = {source_key(row["sources"]): row["sources"] for row in LESIONPASTE_ROWS}


def read_source_dataset():
    """Return the dataset that holds the annotated images: the run's own, or another."""
    source = config["lesionpaste"]["source"]
    if not SOURCES or not source["dataset"] and not source["root"]:
        return FOUND
    name = source["dataset"] or config["dataset"]
    root = source["root"] or DATA_ROOT
    on_bad_image = config["data"]["on_bad_image"]
    return registry.load(name, config["data"][name], root, SOURCE_SLICES, config["seed"], on_bad_image)


SOURCE_DATASET = or_stop(read_source_dataset)
# What looks like an image, a mask or a column and is not read, and images that are left out for their names.
UNREAD = private(list(dict.fromkeys([*FOUND.unread, *SOURCE_DATASET.unread])))
REFUSED = private([asdict(image) for image in FOUND.refused])
# What is called what in place of a folder of the machine, in all that is said of the data.
ROOTS = private({config["lesionpaste"]["source"]["root"]: "lesionpaste.source.root", DATA_ROOT: "data_root"})


def read_sources():
    """Return the annotated images of the run as the audit reads them."""
    images = {name for names in SOURCES.values() for name in names}
    return audited_sources(SOURCE_DATASET, images, SOURCE_DATASET is FOUND, FOUND.audited.columns)


AUDITED_SOURCES = read_sources()
# All that the audit reads: annotated images of another dataset too, which may be copies of images of this one.
AUDITED = pd.concat([FOUND.audited, AUDITED_SOURCES[AUDITED_SOURCES["split"] == SOURCE]], ignore_index=True)


def annotated(rows):
    """Return rows of LesionPaste's tables whose annotated images can give lesions; all that cannot stop the workflow."""
    if not SOURCES:
        raise WorkflowError(
            "lesionpaste.source.images is empty: name the annotated image whose lesions are to be pasted."
        )
    named = lesionpaste_rows.named_sources(rows, config["lesionpaste"]["source"]["images"])
    patients = dict(zip(DATASET.manifest["id"], DATASET.manifest["patient"]))
    or_stop(require_sources, SOURCE_DATASET, named, set(patients), patients)
    return rows


def rows_with(key):
    """Return the rows of LesionPaste's tables that take the lesions of a set of annotated images."""
    return [row for row in LESIONPASTE_ROWS if source_key(row["sources"]) == key]


def source_table(key):
    """Return the manifest's rows of a set of annotated images."""
    annotated(rows_with(key))
    table = source_rows(SOURCE_DATASET, SOURCES[key])
    columns = dict(zip(SOURCE_DATASET.lesions, manifest.mask_columns(SOURCE_DATASET.lesions)))
    or_stop(require_mask_files, table, columns, lesionpaste_rows.kinds_of(rows_with(key)))
    return table


AUDITED_SPLITS = list(AUDITED["split"].unique())
MASKED_SPLITS = [
    split
    for split, table in FOUND.audited.groupby("split")
    if (table[manifest.mask_columns(FOUND.lesions)] != "").any(axis=None)
]


def rows(split=None, columns=None):
    """Return the manifest's rows of a split, or of several (all by default), as plain values for `params`."""
    return kept_columns("benchmark", hashable(split), hashable(columns))


def audited(split=None, columns=None):
    """Return the dataset's rows: those of excluded images and of images that the benchmark leaves out too."""
    return kept_columns("audited", hashable(split), hashable(columns))


def admissible():
    """Return id and split of what the gate admits or leaves out: the benchmark, and images refused for their names."""
    named = [image for image in REFUSED if image["split"] != UNUSED]
    table = pd.concat([FOUND.manifest, pd.DataFrame(named, columns=["id", "split"], dtype="str")])
    return columns_of(table, None, ["id", "split"])


# Many jobs ask for the same columns of these.
TABLES = {"benchmark": DATASET.manifest, "audited": FOUND.audited}


def hashable(names):
    return tuple(names) if isinstance(names, list) else names


@cache
def kept_columns(name, split, columns):
    """Return `columns_of` one of the tables, made once; nobody changes it."""
    return columns_of(TABLES[name], list(split) if isinstance(split, tuple) else split, columns and list(columns))


def columns_of(table, split=None, columns=None):
    table = table if split is None else table[table["split"].isin([split] if isinstance(split, str) else split)]
    return private(table[columns or list(table.columns)].to_dict("list"))


def mask_paths(table, lesions=FOUND.lesions):
    """Return the paths of all lesion masks in rows of the manifest, image by image."""
    columns = [table[column] for column in manifest.mask_columns(lesions)]
    return [path for image in zip(*columns) for path in image if path]


def cuts():
    """Return the volumes from which the workflow cuts images and masks, and what it cuts from each."""
    found = list(FOUND.cuts)
    if SOURCE_DATASET is not FOUND and SOURCE_DATASET.cuts:
        for table in map(source_table, SOURCES):
            found += only(SOURCE_DATASET.cuts, {*table["path"], *mask_paths(table, SOURCE_DATASET.lesions)})
    return found


# Abnormal photographs that no benchmark tests, for methods that learn from labels.
BESIDE = abnormal_beside(DATASET.unused, DATASET.manifest)


def rows_of_split(wildcards):
    return columns_of(BESIDE) if wildcards.split == UNUSED else rows(wildcards.split)


def photographs(wildcards):
    return rows_of_split(wildcards)["path"]


def unusable_train_masks(wildcards):
    """Return the list of training images whose masks cannot be used; none for other splits."""
    masked = wildcards.split == "train" and "train" in MASKED_SPLITS
    return [f"{RESULTS}/audit/unusable_masks.train.csv"] if masked else []


def ids_of_split(wildcards):
    return rows_of_split(wildcards)["id"]


def masks(wildcards):
    return mask_paths(rows_of_split(wildcards))


def audited_rows(wildcards):
    return audited(wildcards.split)


def audited_photographs(wildcards):
    return columns_of(AUDITED, wildcards.split)["path"]


def audited_ids(wildcards):
    return columns_of(AUDITED, wildcards.split)["id"]


def audited_masks(wildcards):
    return mask_paths(audited(wildcards.split))


# Image-level figures need both classes in the test; a folder of unknown images has neither.
LABELLED = {0, 1} <= set(DATASET.manifest.loc[DATASET.manifest["split"] == "test", "label"])
# The worst misses need one class at least.
MISSES_SHOWN = bool({0, 1} & set(DATASET.manifest.loc[DATASET.manifest["split"] == "test", "label"]))
# Likewise Fig. A3: abnormal images, whatever normals stand beside them.
ABNORMAL_TESTED = 1 in set(DATASET.manifest.loc[DATASET.manifest["split"] == "test", "label"])
# What p-values deliver is seen on normal images.
NORMAL_TESTED = 0 in set(DATASET.manifest.loc[DATASET.manifest["split"] == "test", "label"])
# Types of lesion of all figures: each has one colour in every one of them.
ALL_LESIONS = sorted({*DATASET.lesions, *SOURCE_DATASET.lesions})
MASKS = [f"{RESULTS}/masks/resad/test.h5"] if "test" in MASKED_SPLITS else []
