# What jobs ask a cluster for: memory and run time, from the size and number of images (plan/*_needs.py). On one machine
# nothing is held to them.

from fundus_anomaly.plan import method_needs
from fundus_anomaly.plan.extent import Extent
from fundus_anomaly.plan.file_needs import FileNeeds
from fundus_anomaly.plan.lesionpaste_needs import LesionPasteNeeds
from fundus_anomaly.plan.resad_needs import ResadNeeds

EXTENT = Extent(
    counts=DATASET.manifest["split"].value_counts().to_dict(),
    audited=AUDITED["split"].value_counts().to_dict(),
    lesions=FOUND.lesions,
    sides={name: settings["size"] for name, settings in RUN.preprocessing.items()},
)
FILE_NEEDS = FileNeeds(EXTENT, config["data"]["phantom"])
RESAD_NEEDS = ResadNeeds(EXTENT, config)
LESIONPASTE_NEEDS = LesionPasteNeeds(
    EXTENT,
    config["lesionpaste"]["training"],
    SOURCES,
    lesionpaste_rows.epochs_tested(config["lesionpaste"]["training"]),
)


def fit_mb(wildcards, threads):
    return method_needs.fit_megabytes(wildcards.method, fitted_row(wildcards)["settings"], EXTENT.pixels("compared"))


def fit_seconds(wildcards):
    settings = fitted_row(wildcards)["settings"]
    return method_needs.fit_seconds(wildcards.method, settings, EXTENT.pixels("compared"), EXTENT.train)


def apply_seconds(wildcards):
    settings = fitted_row(wildcards)["settings"]
    judged = method_needs.apply_seconds(wildcards.method, settings, EXTENT.pixels("compared"), EXTENT.all)
    return judged + 4e-6 * EXTENT.pixels("resad") * EXTENT.all
