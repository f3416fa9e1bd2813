"""Settings that are chosen from by lesioned copies of held-out normals, and what a choice is made with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

from fundus_anomaly.datasets.subsets import calibration_images
from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.plan.variants import BANK_KEYS, RESC_KEYS, without_idle

_OWN_KEYS = ("name", "image_score", "calibrated")
# Of the data's section, what decides which photographs are copied and how they are read.
_DATA = ("exclude", "on_bad_image", "max_pixels", "bits_used")
# Sections of the configuration that decide a choice.
_SECTIONS = (
    "dataset",
    "seed",
    "preprocessing",
    "backbone",
    "features",
    "resad",
    "bank",
    "scoring",
    "calibration",
    "evaluation",
    "select",
)


def expand(config: Mapping) -> list[dict]:
    """Return the candidates of ``select.candidates``, in order.

    Each has ``name``; ``variant``, its bank as :func:`.variants.expand` has it, which starts from ReSAD;
    ``image_score`` and ``calibrated``. A candidate that names no image score has that of the papers' rows
    (``scoring.image_score``), or of the calibrated ones.

    Args:
        config: The validated configuration.

    Raises:
        InputError: If two candidates share a name or all of their settings.
    """
    main = {
        "backbone": config["backbone"]["name"],
        **config["resad"],
        "normals": 1.0,
        "coreset": config["bank"]["coreset"],
    }
    rows = []
    for change in config["select"]["candidates"]:
        calibrated = bool(change.get("calibrated", False))
        score = change.get("image_score", config["calibration" if calibrated else "scoring"]["image_score"])
        own = {key: value for key, value in change.items() if key not in _OWN_KEYS}
        variant = without_idle({"variant": change["name"]} | main | own)
        rows.append({"name": change["name"], "variant": variant, "image_score": score, "calibrated": calibrated})
    raise_if_any([*_named_twice(rows), *_alike(rows)])
    return rows


def settings_of(candidate: Mapping) -> dict[str, object]:
    """Return all that a candidate's figures depend on, its name apart."""
    bank = {key: candidate["variant"][key] for key in RESC_KEYS + BANK_KEYS}
    return bank | {key: candidate[key] for key in ("image_score", "calibrated")}


def lesioned_normals(config: Mapping) -> int:
    """Return how many normals have lesioned copies: those asked for, or all that are held out."""
    return config["select"]["normals"] or config["evaluation"]["calibration_images"]


def require_normals(patients: Sequence[str], config: Mapping) -> None:
    """Raise if the normals that are to be copied are too few, or of too few patients.

    Args:
        patients: The patient of each training image.
        config: The validated configuration.

    Raises:
        InputError: If so.
    """
    wanted, least = config["select"]["normals"], config["select"]["patients"]
    drawn = calibration_images(patients, lesioned_normals(config), config["seed"])
    owners = {patients[number] for number in drawn}
    problems = []
    if wanted > len(patients):
        remedy = "lower it, or set it to 0 for all that are held out"
        problems.append(Problem("config, select.normals", str(wanted), f"at most {len(patients)}, all normals", remedy))
    if len(owners) < least:
        found = f"{len(drawn)} of {len(owners)} patients"
        remedy = "give normal images of more patients, raise select.normals, or lower select.patients and trust it less"
        problems.append(Problem("held-out normals to select by", found, f"{least} patients or more", remedy))
    raise_if_any(problems)


def selection_digest(config: Mapping, code: Mapping[str, str]) -> str:
    """Return a digest of the settings that decide a choice and of the code that makes it, in hexadecimal digits.

    Args:
        config: The validated configuration; folders, other methods and the test have no part in it.
        code: The SHA-256 of each file of code by its name.
    """
    parts = {name: config[name] for name in _SECTIONS} | {"data": {key: config["data"][key] for key in _DATA}}
    if config["dataset"] == "phantom":
        parts["phantom"] = config["data"]["phantom"]
    if config["select"]["lesions"] == "source":
        section = config["lesionpaste"]
        source = {key: value for key, value in section["source"].items() if key != "root"}
        parts["lesions"] = [source, section["mix"], section["mixup"], section["augmentation"]]
    text = json.dumps([parts, dict(sorted(code.items()))], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _named_twice(rows: Sequence[Mapping]) -> Iterator[Problem]:
    names = [row["name"] for row in rows]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            found = f"{name!r} more than once"
            yield Problem("config, select.candidates", found, "names that differ", "rename one of them")


def _alike(rows: Sequence[Mapping]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for row in rows:
        name = first.setdefault(json.dumps(settings_of(row), sort_keys=True), row["name"])
        if name != row["name"]:
            found = f"{name!r} and {row['name']!r} with the same settings"
            remedy = "remove one of them; a scale without a softmax, and what resad or bank have anyway, change nothing"
            yield Problem("config, select.candidates", found, "candidates that differ", remedy)
