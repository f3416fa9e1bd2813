# Whose scores are evaluated, and of which images.

# By method, the image score that the files of `judged` go by.
JUDGED_BY = {
    **dict.fromkeys(MAIN, config["scoring"]["image_score"]),
    **{f"{name}, calibrated": config["calibration"]["image_score"] for name in MAIN},
}


def judged(file):
    """Return a file of the scores of ReSAD and PatchCore, then of their calibrated maps."""
    return [
        *variant_paths(MAIN, f"{RESULTS}/scores/{{variant}}/{file}"),
        *variant_paths(MAIN, f"{RESULTS}/scores/{{variant}}/{CALIBRATED}/{file}"),
    ]


def seen_by(wildcards):
    """Return how the photographs were prepared that an evaluation takes fields of view and lesions from."""
    return "lesionpaste" if wildcards.scored.startswith("lesionpaste/") else "resad"


def splits_of(wildcards):
    """Return the splits whose images were scored: LesionPaste's folds test normals of the split "train" too."""
    return TESTED_SPLITS if seen_by(wildcards) == "lesionpaste" else ["test"]


def scored_rows(wildcards):
    """Return the manifest's rows of the images that were scored."""
    return rows(splits_of(wildcards), ["id", "label", "grade", "patient"])


def not_calibrated(wildcards):
    """Return whether the scores are those of maps as the method gives them, not calibrated by position."""
    return wildcards.scored.rsplit("/", 1)[-1] != CALIBRATED
