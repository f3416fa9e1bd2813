# What jobs ask a cluster for: memory and run time, from the size and number of images (plan/*_needs.py). On one machine
# nothing is held to them.

from fundus_anomaly.plan import candidates, method_needs
from fundus_anomaly.plan.extent import Extent
from fundus_anomaly.plan.file_needs import FileNeeds
from fundus_anomaly.plan.lesionpaste_needs import LesionPasteNeeds
from fundus_anomaly.plan.resad_needs import ResadNeeds

EXTENT = Extent(
    counts=DATASET.manifest["split"].value_counts().to_dict(),
    audited=AUDITED["split"].value_counts().to_dict(),
    lesions=FOUND.lesions,
    sides={name: settings["size"] for name, settings in RUN.preprocessing.items()},
    lesioned=config["select"]["copies"]
    * min(candidates.lesioned_normals(config), int((DATASET.manifest["split"] == "train").sum())),
)
FILE_NEEDS = FileNeeds(EXTENT, config["data"]["phantom"])
RESAD_NEEDS = ResadNeeds(EXTENT, config)
LESIONPASTE_NEEDS = LesionPasteNeeds(
    EXTENT,
    config["lesionpaste"]["training"],
    SOURCES,
    lesionpaste_rows.epochs_tested(config["lesionpaste"]["training"]),
)


def settings_of(wildcards):
    """Return the settings of a fit, and the names of the networks that it starts from."""
    return fitted_row(wildcards)["settings"] | networks_taken(wildcards)


def pixels_seen(wildcards):
    """Return the pixels of a photograph as a method sees it."""
    return EXTENT.pixels(METHODS_SEE[wildcards.method])


def fit_mb(wildcards, threads):
    return method_needs.fit_megabytes(wildcards.method, settings_of(wildcards), pixels_seen(wildcards))


def fit_seconds(wildcards):
    taught = EXTENT.train + (len(BESIDE) if "abnormal" in METHODS_TAKE[wildcards.method] else 0)
    return method_needs.fit_seconds(wildcards.method, settings_of(wildcards), pixels_seen(wildcards), taught)


def apply_seconds(wildcards):
    pixels = pixels_seen(wildcards)
    judged = method_needs.apply_seconds(wildcards.method, settings_of(wildcards), pixels, EXTENT.all)
    return judged + 4e-6 * EXTENT.pixels("resad") * EXTENT.all
