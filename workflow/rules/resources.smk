# What jobs ask of a cluster: memory in MB and run time in minutes, from figures measured with `benchmark:` (max_rss and
# cpu_time), as functions of the size and number of images. On one machine nothing is held to them.
#
# Measured on CPUs of two kinds (AVX2 and AVX-512) with EfficientNet-Lite0: the phantom at 392² (64 test images, 48 to
# train on) and 784² (12 and 12), IDRiD's grading part at 256² (photographs of 4288×2848), both with one and two threads.
# Other networks: benchmarks/training.py and timm's models with random weights, alone. No figure is a GPU's: a job that
# finds one is faster, so that run times are upper bounds there.

from math import ceil

DAY = 24 * 60
SNAKEMAKE = 200
# Channels of levels 2 and 3 together; a user's own graph is taken for as wide as the paper's network.
CHANNELS = {"efficientnet_lite0": 152, "resnet18": 384, "resnet34": 384}
WIDEST = 1536
COUNTS = DATASET.manifest["split"].value_counts().to_dict()
AUDITED_COUNTS = FOUND.audited["split"].value_counts().to_dict()
PIXELS = {method: settings["size"] ** 2 for method, settings in PREPROCESSING.items()}
# Positions of an image's feature map: level 2 has a stride of 8.
POSITIONS = PIXELS["resad"] // 64


def memory(megabytes):
    """Return a rule's `mem_mb`: half as much again as measured, and as much again with each further attempt.

    Beside the script, a job holds up to two processes of Snakemake.
    """

    def mem_mb(wildcards, threads, attempt):
        return ceil((1.5 * megabytes(wildcards, threads) + 2 * SNAKEMAKE) / 100) * 100 * attempt

    return mem_mb


def minutes(seconds):
    """Return a rule's `runtime`: ten minutes and thrice the CPU time measured, with each further attempt as much again.

    At most a day an attempt: coreset and training go on from their checkpoints when a job is repeated.
    """

    def runtime(wildcards, attempt):
        return min(10 + ceil(3 * seconds(wildcards) / 60), DAY) * attempt

    return runtime


def channels(wildcards):
    return CHANNELS.get(wildcards.backbone, WIDEST)


def train_positions(wildcards):
    """Return the number of positions that a coreset is chosen from."""
    return COUNTS.get("train", 0) * POSITIONS * float(wildcards.normals)


def entries(wildcards):
    """Return the number of entries of a memory bank."""
    return train_positions(wildcards) * float(wildcards.coreset)


# Files as they come. A photograph of 12 megapixels is decoded at 37 MB, at most one a thread.
def phantom_mb(wildcards, threads):
    return 120 + 40 * threads * phantom_megapixels()


def phantom_seconds(wildcards):
    return 0.5 * len(FOUND.audited) * phantom_megapixels()


def phantom_megapixels():
    return config["data"]["phantom"]["width"] * config["data"]["phantom"]["height"] / 1e6


def inspection_mb(wildcards, threads):
    return 120 + 120 * threads


def photographs_seconds(wildcards):
    return 0.2 * AUDITED_COUNTS.get(wildcards.split, 0)


def masks_seconds(wildcards):
    return 0.2 * AUDITED_COUNTS.get(wildcards.split, 0) * len(FOUND.lesions)


def slices_mb(wildcards, threads):
    return 120 + 400 * threads


def slices_seconds(wildcards):
    return 0.1 * len(FOUND.audited)


def lesion_bank_mb(wildcards, threads):
    return 700


def lesion_bank_seconds(wildcards):
    return 20 * len(SOURCES[wildcards.sources])


def images_mb(wildcards, threads):
    return 120 + (40 + 40e-6 * PIXELS[wildcards.method]) * threads


def images_seconds(wildcards):
    return 0.2 * COUNTS.get(wildcards.split, 0) * (1 + PIXELS[wildcards.method] / 1e6)


# torch alone takes 750 MB.
def features_mb(wildcards, threads):
    pixel = 210e-6 if wildcards.backbone in CHANNELS else 1000e-6
    return 1050 + pixel * config["features"]["batch"] * PIXELS["resad"]


def features_seconds(wildcards):
    pixel = 2e-6 if wildcards.backbone in CHANNELS else 20e-6
    return pixel * PIXELS["resad"] * COUNTS.get(wildcards.split, 0)


# An image a thread: the attention is computed in blocks, the Fourier transform of the region filter is not.
def resc_mb(wildcards, threads):
    return 800 + threads * (100 + 60e-6 * POSITIONS * channels(wildcards))


def resc_seconds(wildcards):
    return COUNTS.get(wildcards.split, 0) * (0.1 + 4e-8 * POSITIONS**2 * channels(wildcards) / 152)


# The points lie in a file that is mapped into memory: pages of it count as the job's.
def coreset_mb(wildcards, threads):
    projected = min(channels(wildcards), 400)
    return 850 + 20 * threads + 6e-6 * train_positions(wildcards) * projected


def coreset_seconds(wildcards):
    return 1e-8 * train_positions(wildcards) * entries(wildcards) * min(channels(wildcards), 400) / 152


def memory_bank_mb(wildcards, threads):
    return 70 + 4e-6 * entries(wildcards) * channels(wildcards)


def memory_bank_seconds(wildcards):
    return 0.05 * COUNTS.get("train", 0)


# The bank as float32, again in the index of faiss, and a third time without the entries of one patient.
def score_mb(wildcards, threads):
    return 850 + 15e-6 * entries(wildcards) * channels(wildcards)


def score_seconds(wildcards):
    return search_seconds(wildcards, COUNTS.get("test", 0))


def calibrate_seconds(wildcards):
    return search_seconds(wildcards, min(config["evaluation"]["calibration_images"], COUNTS.get("train", 0)))


def search_seconds(wildcards, images):
    return 2e-8 * images * POSITIONS * entries(wildcards) * channels(wildcards) / 152


# Histograms of single images, for the bootstrap, take up to 500 MB.
def evaluate_mb(wildcards, threads):
    return 700 + 100e-6 * PIXELS["resad"]


def evaluate_seconds(wildcards):
    return 3e-6 * PIXELS["resad"] * sum(COUNTS.values()) + 0.02 * config["evaluation"]["bootstrap"]


def heat_maps_mb(wildcards, threads):
    return 250 + 100e-6 * PIXELS["resad"]


def heat_maps_seconds(wildcards):
    return 2e-6 * PIXELS["resad"] * COUNTS.get("test", 0)


# Activations of a batch forward and backward, and a process beside each thread but the first that makes twins.
def train_mb(wildcards, threads):
    return 1500 + 800 * threads + 5e-3 * trained_pixels()


def train_seconds(wildcards):
    training = config["lesionpaste"]["training"]
    return 6e-6 * PIXELS["lesionpaste"] * 2 * COUNTS.get("train", 0) * training["epochs"]


def classify_mb(wildcards, threads):
    return 1000 + 1e-3 * trained_pixels()


def classify_seconds(wildcards):
    return 3e-6 * PIXELS["lesionpaste"] * sum(COUNTS.values()) * (1 + len(TESTED_EPOCHS))


def trained_pixels():
    return config["lesionpaste"]["training"]["batch"] * PIXELS["lesionpaste"]
