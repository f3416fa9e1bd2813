# What jobs ask of a cluster: memory in MB and run time in minutes, as functions of the size and number of images, from
# `max_rss` and `cpu_time` of `benchmark:`. On one machine nothing is held to them.
#
# Measured without a GPU, on one and two threads, with EfficientNet-Lite0: the phantom at 392² (48 images to train on, 64 to
# test) and at 784² (12 and 12), IDRiD's grading part at 256² (120 and 103, photographs of 4288×2848). Wide ResNet-50 and
# VGG16 with random weights: one batch forward, and a training step. A job that finds a GPU is faster: its run time is an
# upper bound.

from math import ceil

# Channels of levels 2 and 3 together. A user's own graph is taken for as wide as the paper's network.
NARROW = {"efficientnet_lite0": 152, "resnet18": 384, "resnet34": 384}
WIDE = 1536
COUNTS = DATASET.manifest["split"].value_counts().to_dict()
AUDITED_COUNTS = AUDITED["split"].value_counts().to_dict()
PIXELS = {method: settings["size"] ** 2 for method, settings in PREPROCESSING.items()}
# Positions of a feature map: level 2 has a stride of 8.
POSITIONS = PIXELS["resad"] // 64
BATCH_PIXELS = config["lesionpaste"]["training"]["batch"] * PIXELS["lesionpaste"]


def images_of(wildcards):
    return COUNTS.get(wildcards.split, 0)


def channels(wildcards):
    """Return the channels of features: the network's, of both levels, or what a variant pools them to."""
    pooled = resc_of(wildcards)["length"] if hasattr(wildcards, "pool") else 0
    return pooled or NARROW.get(wildcards.backbone, WIDE)


def train_positions(wildcards):
    """Return the number of positions that a coreset is chosen from."""
    return COUNTS.get("train", 0) * POSITIONS * float(wildcards.normals)


def entries(wildcards):
    """Return the number of entries of a memory bank."""
    return train_positions(wildcards) * float(wildcards.coreset)


# Files as they come, one or two decoded a thread.


def phantom_mb(wildcards, threads):
    settings = config["data"]["phantom"]
    return 120 + 70e-6 * settings["width"] * settings["height"] * threads


def phantom_seconds(wildcards):
    return 0.5 * len(FOUND.audited)


def inspection_mb(wildcards, threads):
    return 120 + 120 * threads


def photographs_seconds(wildcards):
    return 0.1 * AUDITED_COUNTS.get(wildcards.split, 0)


def masks_seconds(wildcards):
    return 0.2 * AUDITED_COUNTS.get(wildcards.split, 0) * len(FOUND.lesions)


def slices_mb(wildcards, threads):
    return 120 + 400 * threads


def slices_seconds(wildcards):
    return 0.1 * len(FOUND.audited)


def images_mb(wildcards, threads):
    return 120 + (20 + 20e-6 * PIXELS[wildcards.prepared]) * threads


def images_seconds(wildcards):
    return (0.1 + 0.1e-6 * PIXELS[wildcards.prepared]) * images_of(wildcards)


def lesion_bank_mb(wildcards, threads):
    return 700


def lesion_bank_seconds(wildcards):
    return 20 * len(SOURCES[wildcards.sources])


# ReSAD. torch alone takes 700 MB.


def features_mb(wildcards, threads):
    pixel = 210e-6 if wildcards.backbone in NARROW else 900e-6
    return 1050 + pixel * config["features"]["batch"] * PIXELS["resad"]


def features_seconds(wildcards):
    pixel = 2e-6 if wildcards.backbone in NARROW else 16e-6
    return pixel * PIXELS["resad"] * images_of(wildcards)


# An image a thread. The attention is computed in blocks, the Fourier transform of the region filter is not.
def resc_mb(wildcards, threads):
    return 800 + (100 + 60e-6 * POSITIONS * channels(wildcards)) * threads


def resc_seconds(wildcards):
    return (0.1 + 4e-8 * POSITIONS**2 * channels(wildcards) / 152) * images_of(wildcards)


# The points lie in a file that is mapped into memory, projected to some 350 components at most.
def coreset_mb(wildcards, threads):
    return 850 + 20 * threads + 6e-6 * train_positions(wildcards) * min(channels(wildcards), 350)


def coreset_seconds(wildcards):
    return 1e-8 * train_positions(wildcards) * entries(wildcards) * min(channels(wildcards), 350) / 152


def memory_bank_mb(wildcards, threads):
    return 70 + 4e-6 * entries(wildcards) * channels(wildcards)


def memory_bank_seconds(wildcards):
    return 0.05 * COUNTS.get("train", 0)


# The bank as float32 and once more for the products; faiss' cells are copied without the entries of a patient.
def score_mb(wildcards, threads):
    value = 9e-6 if INDEX["index"] == "flat" else 15e-6
    return 850 + value * entries(wildcards) * channels(wildcards)


def score_seconds(wildcards):
    return search_seconds(wildcards, COUNTS.get("test", 0))


def calibrate_seconds(wildcards):
    return search_seconds(wildcards, min(config["evaluation"]["calibration_images"], COUNTS.get("train", 0)))


def search_seconds(wildcards, images):
    return 2e-8 * images * POSITIONS * entries(wildcards) * channels(wildcards) / 152


# Measured on the phantom at 392² (64 and 48 images) and on IDRiD at 784² (115 and 132).
def calibrated_maps_mb(wildcards, threads):
    return 200 + 50e-6 * PIXELS["resad"]


def calibrated_maps_seconds(wildcards):
    return 0.3e-6 * PIXELS["resad"] * (COUNTS.get("test", 0) + COUNTS.get("train", 0))


def froc_seconds(wildcards):
    return 4e-6 * PIXELS["resad"] * COUNTS.get("test", 0)


# Histograms of single images, for the bootstrap, may take 500 MB.
def evaluate_mb(wildcards, threads):
    return 700 + 100e-6 * PIXELS["resad"]


def evaluate_seconds(wildcards):
    return 1e-6 * PIXELS["resad"] * COUNTS.get("test", 0) + 0.002 * config["evaluation"]["bootstrap"]


def heat_maps_mb(wildcards, threads):
    return 130 + 40e-6 * PIXELS["resad"]


def heat_maps_seconds(wildcards):
    return 1e-6 * PIXELS["resad"] * COUNTS.get("test", 0)


# LesionPaste. Activations of a batch, and for each thread but the first two processes that make twins.


def train_mb(wildcards, threads):
    network, pixel = (2700, 10e-3) if wildcards.network == "vgg16" else (1500, 2e-3)
    return network + pixel * BATCH_PIXELS + 600 * max(1, threads - 1)


def train_seconds(wildcards):
    pixel = 70e-6 if wildcards.network == "vgg16" else 6e-6
    return pixel * PIXELS["lesionpaste"] * 2 * COUNTS.get("train", 0) * config["lesionpaste"]["training"]["epochs"]


def classify_mb(wildcards, threads):
    return train_mb(wildcards, 1) / 2 + 500


def classify_seconds(wildcards):
    pixel = 25e-6 if wildcards.network == "vgg16" else 2e-6
    return pixel * PIXELS["lesionpaste"] * sum(COUNTS.values()) * (1 + len(TESTED_EPOCHS))


# Methods that ours are compared with (plan/method_needs.py).


def fit_mb(wildcards, threads):
    return method_needs.fit_megabytes(wildcards.method, fitted_row(wildcards)["settings"], PIXELS["compared"])


def fit_seconds(wildcards):
    settings = fitted_row(wildcards)["settings"]
    return method_needs.fit_seconds(wildcards.method, settings, PIXELS["compared"], COUNTS.get("train", 0))


def apply_seconds(wildcards):
    settings, count = fitted_row(wildcards)["settings"], sum(COUNTS.values())
    judged = method_needs.apply_seconds(wildcards.method, settings, PIXELS["compared"], count)
    return judged + 4e-6 * PIXELS["resad"] * count
