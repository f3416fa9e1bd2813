"""MosMedData (Morozov et al., 2020) as LesionPaste's benchmark uses it: slices of chest CT, healthy or with lesions."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fundus_anomaly.datasets.columns import ABNORMAL, MASK_PREFIX, NORMAL, UNUSED
from fundus_anomaly.datasets.cuts import Cut, image_path, slice_name
from fundus_anomaly.datasets.lesion_slices import lesion_slices
from fundus_anomaly.datasets.manifest import Dataset, frame, set_aside
from fundus_anomaly.datasets.mosmed_files import Scan, read_scans
from fundus_anomaly.datasets.official_counts import Count, differences
from fundus_anomaly.datasets.place import Place
from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.seeds import digest

NAME = "mosmed"
LESIONS = ("lesion",)
# Huang et al. 2022, section 3.1.
_PAPER_LESION_SLICES = 759
_MEMO = "lesion_slices.csv"
_SECTION = "config, data.mosmed"


def load(settings: Mapping[str, object], place: Place) -> Dataset:
    """Return LesionPaste's MosMed benchmark (Huang et al. 2022, section 3.1), its images still to be cut.

    Normal images are slices of the healthy scans, evenly spaced over the middle of each and spread over the scans as
    evenly as can be. Abnormal are all slices of the annotated studies that hold a lesion, but for those of the study
    that gives the lesion bank: they are ``unused``, so that no person gives lesions and is tested. They are called
    ``mosmed/source/01``, ``/02``, … by falling area of their lesions. A scan is a patient, and all of a patient's
    slices are in one fold.

    Args:
        settings: ``registry``, the dataset's table below the root; ``healthy``, the category of healthy scans;
            ``normal_slices``, how many are taken (the paper: 2024); ``middle``, the part of a scan that they are taken
            from, from foot (0) to head (1); ``folds`` of the cross-validation (the paper: 5); ``source_study``, the
            annotated study that the lesion bank comes from; ``strict_counts``, whether other numbers than the
            official ones are an error; that of slices with lesions, which only the paper gives, never is.
        place: Its root holds the dataset. Slices are cut into its folder ``made``, where it is noted which of them hold
            lesions; its seed divides the scans into folds.

    Raises:
        InputError: With every row of the registry, every volume and every setting that is wrong.
    """
    scans, notes, unread = read_scans(place.root, str(settings["registry"]), str(settings["healthy"]))
    healthy = [scan for scan in scans if scan.mask is None]
    annotated = [scan for scan in scans if scan.mask is not None]
    by_mask = lesion_slices(place.root, [scan.mask for scan in annotated], place.made / _MEMO)
    lesions = {scan: by_mask[scan.mask] for scan in annotated}
    source, folds = str(settings["source_study"]), int(str(settings["folds"]))
    tested = [scan for scan in annotated if scan.study != source and lesions[scan]]
    normals = _normals(healthy, settings, place.seed)
    raise_if_any(
        [*_source_problems(lesions, source), *_fold_problems(folds, list(normals), tested), *_middle_problems(settings)]
    )

    fold_of = _folds(normals, folds, place.seed) | _folds(tested, folds, place.seed)
    rows: list[dict[str, object]] = []
    for scan, numbers in normals.items():
        normal = {"split": "train", "label": NORMAL, "grade": 0, "fold": fold_of[scan]}
        rows += [_row(scan, number, place.made) | normal for number in numbers]
    for scan, pixels in lesions.items():
        if scan in fold_of:
            rows += [_row(scan, number, place.made) | {"split": "test", "fold": fold_of[scan]} for number in pixels]
        elif scan.study == source:
            largest_first = sorted(pixels, key=lambda number: (-pixels[number], number))
            rows += [
                _row(scan, number, place.made) | {"id": f"{NAME}/source/{rank:02}", "split": UNUSED}
                for rank, number in enumerate(largest_first, 1)
            ]
    counts = (
        Count("healthy scans", 254, len(healthy)),
        Count("annotated studies", 50, len(annotated)),
        Count("normal slices", 2024, sum(map(len, normals.values()))),
    )
    # The paper does not say whether its number takes in the source study, so a whole copy may hold another.
    slices = Count(
        "slices with lesions, the source study's included", _PAPER_LESION_SLICES, sum(map(len, lesions.values()))
    )
    where = f"MosMed at {str(place.root)!r}"
    notes += differences(counts, strict=bool(settings["strict_counts"]), where=where)
    notes += differences([slices], strict=False, where=where)
    notes += _uneven(normals) + _empty(lesions)
    cuts = [cut for scan, numbers in (normals | lesions).items() if numbers for cut in _cuts(scan, numbers, place.made)]
    parts = set_aside(frame(rows, LESIONS))
    return Dataset(
        NAME,
        lesions=LESIONS,
        masks_inverted=False,
        notes=tuple(notes),
        counts=(*counts, slices),
        cuts=tuple(cuts),
        unread=tuple(unread),
        **parts,
    )


def _row(scan: Scan, number: int, made: Path) -> dict[str, object]:
    """Return what the manifest says of a slice; with a mask it is abnormal, of unknown grade."""
    row = {
        "id": f"{NAME}/{scan.study}/{slice_name(number)}",
        "path": image_path(made / scan.study, number),
        "patient": f"{NAME}/{scan.study}",
    }
    if scan.mask is None:
        return row
    mask = image_path(made / scan.study, number, lesions=True)
    return row | {"label": ABNORMAL, MASK_PREFIX + LESIONS[0]: mask}


def _cuts(scan: Scan, numbers: Iterable[int], made: Path) -> list[Cut]:
    """Return what is cut from a scan, and from its mask if it has one."""
    numbers, folder = list(numbers), made / scan.study
    cuts = [Cut(str(scan.volume), tuple(image_path(folder, number) for number in numbers))]
    if scan.mask is not None:
        masks = tuple(image_path(folder, number, lesions=True) for number in numbers)
        cuts.append(Cut(str(scan.mask), masks, lesions=True))
    return cuts


def _normals(healthy: Sequence[Scan], settings: Mapping[str, object], seed: int) -> dict[Scan, list[int]]:
    """Return the slices that are taken of each healthy scan, scans without any left out.

    Each scan gives the same number of slices, or one more; one whose middle holds fewer gives all of them, and the
    others make up for it. A hash of seed and study decides who gives one more.
    """
    first, last = (float(str(share)) for share in settings["middle"])
    # The slices whose centre lies in the middle part.
    middle = {
        scan: range(max(0, math.ceil(first * scan.slices - 0.5)), math.floor(last * scan.slices - 0.5) + 1)
        for scan in healthy
    }
    fewest_first = sorted(healthy, key=lambda scan: (len(middle[scan]), digest(seed, "mosmed slices", scan.study)))
    left, taken = int(str(settings["normal_slices"])), {}
    for place, scan in enumerate(fewest_first):
        count = min(len(middle[scan]), left // (len(healthy) - place))
        left -= count
        taken[scan] = [middle[scan][int((number + 0.5) * len(middle[scan]) / count)] for number in range(count)]
    return {scan: taken[scan] for scan in healthy if taken[scan]}


def _folds(scans: Iterable[Scan], folds: int, seed: int) -> dict[Scan, int]:
    """Return the fold of each scan: folds of equal size, within one, by a hash of seed and study."""
    ordered = sorted(scans, key=lambda scan: digest(seed, "mosmed fold", scan.study))
    return {scan: place % folds for place, scan in enumerate(ordered)}


def _source_problems(lesions: Mapping[Scan, Mapping[int, int]], source: str) -> list[Problem]:
    """Return a problem if the study that gives the lesion bank has no lesions."""
    with_lesions = [scan.study for scan, pixels in lesions.items() if pixels]
    if source in with_lesions:
        return []
    near = difflib.get_close_matches(source, with_lesions, n=3, cutoff=0.5)
    allowed = f"an annotated study with lesions, such as {', '.join(near or with_lesions[:3]) or '(there is none)'}"
    return [Problem(f"{_SECTION}.source_study", repr(source), allowed, "name one of them")]


def _fold_problems(folds: int, normals: Sequence[Scan], tested: Sequence[Scan]) -> list[Problem]:
    """Return a problem for each kind of scan of which some fold would have none."""
    parts = (("healthy scans", normals), ("annotated studies besides the source", tested))
    remedy = "lower the number of folds, or complete the copy of the dataset"
    return [
        Problem(f"{_SECTION}.folds", f"{folds} folds of {len(scans)} {what}", "one or more a fold", remedy)
        for what, scans in parts
        if len(scans) < folds
    ]


def _middle_problems(settings: Mapping[str, object]) -> list[Problem]:
    """Return a problem if the middle part ends before it begins."""
    first, last = settings["middle"]
    if first < last:
        return []
    remedy = "write the smaller number first"
    return [Problem(f"{_SECTION}.middle", f"{first} to {last}", "a part of a scan, from foot to head", remedy)]


def _uneven(normals: Mapping[Scan, Sequence[int]]) -> list[str]:
    """Return a note on healthy scans that give fewer slices than others because their middle holds no more."""
    most = max(map(len, normals.values()))
    few = sorted(scan.study for scan, numbers in normals.items() if len(numbers) < most - 1)
    if not few:
        return []
    return [f"The middle of {len(few)} healthy scans holds fewer slices than the {most} of others: {', '.join(few)}."]


def _empty(lesions: Mapping[Scan, Mapping[int, int]]) -> list[str]:
    """Return a note on masks without a lesion."""
    empty = sorted(scan.study for scan, pixels in lesions.items() if not pixels)
    return [f"{len(empty)} masks hold no lesion, their studies are excluded: {', '.join(empty)}."] if empty else []
