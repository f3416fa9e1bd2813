"""ADAM, the 400 training images of iChallenge-AMD (Fang et al., 2022), as ReSAD's benchmark uses it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fundus_anomaly.datasets.columns import ABNORMAL, MASK_PREFIX, NORMAL
from fundus_anomaly.datasets.folders import require_folders
from fundus_anomaly.datasets.manifest import Dataset, frame
from fundus_anomaly.datasets.official_counts import Count, differences
from fundus_anomaly.datasets.official_names import numbered_images
from fundus_anomaly.datasets.place import Place
from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.seeds import digest

NAME = "adam"
LESIONS = ("drusen", "exudate", "hemorrhage", "others", "scar")
# Copies of the dataset in circulation name this folder in either way.
_OTHER_NAMES = {"others": "other"}
_UNPACK = "unpack Training400 and Training400-Lesion below the root, or correct the root and the folders in the config"


def load(settings: Mapping[str, object], place: Place) -> Dataset:
    """Return ReSAD's ADAM benchmark (ReSAD, section 3.1): 282 normals for training, 118 abnormal images for the test.

    Normal is an image without any lesion mask, whatever the folder that it lies in: the 311 images without AMD hold
    other lesions. In the masks 0 is lesion. ADAM names no patients, so each image is
    its own.

    Args:
        settings: ``amd``, ``non_amd`` and ``lesion_masks``, the folders of the parts below the root;
            ``test_normals``, the number of normals that are held out for the test (the paper: 0, so that no image
            AUC exists); ``strict_counts``, whether another number of images than the official one is an error.
        place: Its root holds the parts; its seed decides which normals are held out.

    Raises:
        InputError: With every folder or file that is missing or wrong.
    """
    parts = {name: place.root / str(settings[name]) for name in ("amd", "non_amd", "lesion_masks")}
    require_folders(place.root, parts.values(), "ADAM", _UNPACK)
    problems: list[Problem] = []
    notes: list[str] = []
    unread: list[str] = []
    images: dict[str, Path] = {}
    sizes = {}
    for name in ("amd", "non_amd"):
        found = numbered_images(parts[name], r"([AN]\d{4})", problems, notes, unread, apart=parts.values())
        problems += [
            Problem(
                str(found[twice]), f"{twice} in {str(images[twice].parent)!r} too", "one place", "remove one of them"
            )
            for twice in sorted(found.keys() & images.keys())
        ]
        sizes[name] = len(found)
        images |= found
    masks = {lesion: _masks(parts["lesion_masks"], lesion, images, problems, notes, unread) for lesion in LESIONS}
    raise_if_any(problems)

    marked = {name for files in masks.values() for name in files}
    normals = sorted(images.keys() - marked, key=lambda name: digest(place.seed, "adam test normals", name))
    held_out = set(normals[: int(str(settings["test_normals"]))])
    rows = [
        {
            "id": f"{NAME}/{name}",
            "path": str(images[name]),
            "split": "test" if name in marked or name in held_out else "train",
            "label": ABNORMAL if name in marked else NORMAL,
        }
        | {MASK_PREFIX + lesion: str(files[name]) for lesion, files in masks.items() if name in files}
        for name in sorted(images)
    ]
    counts = (
        Count("images with AMD", 89, sizes["amd"]),
        Count("images without AMD", 311, sizes["non_amd"]),
        Count("images without a lesion mask", 282, len(normals)),
        Count("images with a lesion mask", 118, len(marked)),
    )
    notes += differences(counts, strict=bool(settings["strict_counts"]), where=f"ADAM at {str(place.root)!r}")
    if held_out:
        notes.append(f"{len(held_out)} normals are held out for the test; the published benchmark holds out none.")
    notes.append("No patients are known: each image counts as a separate patient.")
    return Dataset(
        NAME,
        frame(rows, LESIONS),
        LESIONS,
        masks_inverted=True,
        notes=tuple(notes),
        counts=counts,
        unread=tuple(unread),
    )


def _masks(
    folder: Path,
    lesion: str,
    images: Mapping[str, Path],
    problems: list[Problem],
    notes: list[str],
    unread: list[str],
) -> dict[str, Path]:
    """Return the mask files of one lesion by the names of their images."""
    names = [lesion, *filter(None, [_OTHER_NAMES.get(lesion)])]
    there = [folder / name for name in names if (folder / name).is_dir()]
    if len(there) != 1:
        found = "both" if there else "neither of them" if len(names) > 1 else "nothing"
        allowed = f"the folder {' or '.join(map(repr, names))}"
        problems.append(Problem(f"ADAM, {str(folder)!r}, masks of {lesion}", found, allowed, _UNPACK))
        return {}
    files = numbered_images(there[0], r"([AN]\d{4})", problems, notes, unread)
    for name in sorted(files.keys() - images.keys()):
        remedy = "remove the mask or add the image"
        problems.append(Problem(str(files[name]), "a mask without an image", f"one of an image {name}", remedy))
    return files
