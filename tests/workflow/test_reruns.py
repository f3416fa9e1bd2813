"""A change reruns the stages that it affects, and no other."""

import os

import cv2
import pytest
from tiny_project import TINY, edited

pytestmark = pytest.mark.workflow

# Jobs of one rule in the tiny run: 4 variants (ReSAD, PatchCore, two ablations) with 3 kinds of features, 2 splits.
TABLES = {"table_resad": 1, "table_ablations": 1}
POINT_TABLES = {"table_operating_points": 1, "table_froc": 1}
POINTS = {**POINT_TABLES, "figure_p_values": 1}
CURVES = {"figure_curves": 1, "figure_p_values": 1}
PICTURES = {"figure_qualitative": 1, "figure_misses": 1, "heat_maps": 1}
# The maps of two variants are calibrated too, and their scores evaluated.
EVALUATED = {"evaluate": 6, **TABLES, "figure_curves": 1}
SCORED = {"score": 4, "calibrate": 4, "calibrated_maps": 2, **EVALUATED, **PICTURES, **POINTS}
BANKED = {"coreset": 4, "memory_bank": 4, **SCORED}
CALIBRATED = {"calibrated_maps": 2, "evaluate": 2, "table_resad": 1, **POINTS}
NEIGHBOURS = {"figure_effective_neighbours": 1}
RESC = {"resc": 6, **BANKED, **NEIGHBOURS}
# What the audit left out sets no limits.
QUALITY = {"normal_quality": 1, "quality": 1}
IMAGES = {"images": 2, "masks": 1, "features": 2, **QUALITY, **RESC}
# LesionPaste in the tiny run: one row and its control.
TESTED = {"classify": 2, "evaluate": 2, "table_lesionpaste": 1, "figure_gradcam": 1}
TRAINED = {"train": 2, "figure_learning_curves": 1, **TESTED}
LESIONS = {"lesion_bank": 1, "figure_lesion_bank": 1, "figure_twins": 1, **TRAINED}
# Photographs and masks are brought to the size of each of the two methods.
BOTH_SIZES = {"images": 4, "masks": 2}
LESIONPASTE_PICTURES = dict.fromkeys(
    ("figure_lesion_bank", "figure_twins", "figure_learning_curves", "figure_gradcam"), 1
)
# Where both methods' scores are evaluated again.
ALL_EVALUATED = {"evaluate": 8, "table_lesionpaste": 1}
AUDITED = {"audit_findings": 1, "audit": 1, "admit": 1}


def stages(planned):
    """Return the jobs of a plan without the index, which leads to all of them and is made again with any."""
    assert planned.pop("index", 0) == bool(planned)
    return planned


def half(jobs):
    """Return jobs of the two variants with ReSC's attention instead of all four."""
    others = {"calibrated_maps": 1, "evaluate": 3}
    return {rule: others.get(rule, {4: 2, 6: 2}.get(count, count)) for rule, count in jobs.items()}


def test_a_finished_run_plans_nothing(project):
    assert project.plan() == {}


def test_touching_every_library_module_without_changing_it_plans_nothing(project):
    times = {file: file.stat() for file in project.module("").rglob("*.py")}
    try:
        for file in times:
            file.touch()
        assert project.plan() == {}
    finally:
        for file, was in times.items():
            os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("resad.scale", "none", half(RESC)),
        ("bank.coreset", 0.2, BANKED),
        ("scoring.smoothing", 0.02, SCORED),
        ("calibration.shrinkage", 8, {**CALIBRATED, "heat_maps": 1}),
        ("calibration.heat_maps", False, {"heat_maps": 1}),
        ("evaluation.field_of_view_only", True, {**SCORED, **ALL_EVALUATED}),
        (
            "evaluation.normal_quantile",
            0.9,
            {**EVALUATED, **ALL_EVALUATED, "figure_misses": 1, "heat_maps": 1},
        ),
        # Photographs are measured without Graham's step.
        ("preprocessing.graham", True, {**IMAGES, "images": 4}),
        (
            "quality.care",
            3,
            {**QUALITY, "heat_maps": 1, "figure_misses": 1, **TABLES, "table_operating_points": 1},
        ),
        ("figures.misses", 6, {"figure_misses": 1}),
        ("features.batch", 2, {"features": 2, **RESC}),
    ],
)
def test_a_config_value_reruns_what_it_reaches(project, key, value, expected):
    assert stages(project.plan_with({key: value})) == expected


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("methods/resad/resc.py", RESC),
        ("neighbours/coreset.py", BANKED),
        ("evaluation/pixel_metrics.py", {**EVALUATED, **ALL_EVALUATED}),
        ("scoring/by_position.py", {**CALIBRATED, "heat_maps": 1}),
        ("imaging/graham.py", {**IMAGES, **LESIONS, **BOTH_SIZES, **ALL_EVALUATED}),
        (
            "report/figures/style.py",
            {**PICTURES, **NEIGHBOURS, **CURVES, **LESIONPASTE_PICTURES},
        ),
        ("report/tables/layout.py", {**TABLES, **POINT_TABLES, "table_lesionpaste": 1}),
        ("methods/lesionpaste/lesion.py", LESIONS),
        ("training/classification.py", TRAINED),
        ("report/pages/audit.py", {"audit": 1}),
        # What the adapters find reaches the rules as values and not as code.
        ("datasets/phantom.py", {}),
        ("datasets/manifest.py", {"audit": 1}),
    ],
)
def test_an_edited_module_reruns_the_rules_that_run_through_it(project, module, expected):
    file = project.module(module)
    with edited(file, file.read_bytes() + b"\n# edited\n"):
        assert stages(project.plan()) == expected


def other_picture(path):
    """Return the file's picture turned by half a turn, encoded in the file's format."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return cv2.imencode(path.suffix, cv2.rotate(picture, cv2.ROTATE_180))[1].tobytes()


def test_another_test_photograph_leaves_the_memory_bank_and_the_classifier_as_they_are(project):
    photograph = project.results / "data" / "test" / "0000_left.jpg"
    expected = {"inspect_photographs": 1, **AUDITED, **QUALITY, "images": 2, "masks": 2, "features": 1, "resc": 3}
    with edited(photograph, other_picture(photograph)):
        planned = stages(project.plan())
    assert (
        planned
        == expected
        | {"score": 4, "calibrated_maps": 2}
        | EVALUATED
        | POINTS
        | PICTURES
        | NEIGHBOURS
        | TESTED
        | ALL_EVALUATED
    )


def test_another_training_photograph_reruns_the_bank_and_no_feature_of_the_test(project):
    photograph = project.results / "data" / "train" / "0000_left.jpg"
    # The masks are those of the test; they are there because what the audit left out may have changed.
    expected = {"inspect_photographs": 1, **AUDITED, **QUALITY, "images": 2, "masks": 2, "features": 1, "resc": 3}
    with edited(photograph, other_picture(photograph)):
        planned = stages(project.plan())
    assert planned == expected | BANKED | {"score": 4} | TRAINED | {"figure_twins": 1} | ALL_EVALUATED


def test_another_mask_reruns_what_measures_and_shows_lesions_and_no_feature(project):
    mask = sorted(project.results.glob("data/masks/*/test/*.png"))[0]
    with edited(mask, other_picture(mask)):
        planned = stages(project.plan())
    shown = {**ALL_EVALUATED, "figure_gradcam": 1}
    audited = {"inspect_masks": 1, **AUDITED, **QUALITY}
    assert planned == audited | {"masks": 2} | EVALUATED | POINTS | PICTURES | shown


VARIANTS = TINY["ablations"]["variants"]


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        (
            [*VARIANTS, {"name": "eq. 4 as column mass", "spatial": "column_mass"}],
            {"resc": 2}
            | dict.fromkeys(["coreset", "memory_bank", "score", "calibrate", "evaluate", "table_ablations"], 1),
        ),
        ([*VARIANTS, {"name": "with ReSC"}], {"table_ablations": 1}),
        (VARIANTS[:1], {"table_ablations": 1}),
        ([VARIANTS[0] | {"name": "seventy"}, VARIANTS[1]], {"table_ablations": 1}),
    ],
    ids=["added", "added with a known bank", "removed", "renamed"],
)
def test_the_list_of_ablations_computes_only_what_is_new(project, variants, expected):
    assert stages(project.plan_with({"ablations.variants": variants})) == expected


def test_a_moved_project_reruns_nothing(project, tmp_path):
    moved = tmp_path / "moved"
    project.folder.rename(moved)
    try:
        assert type(project)(moved).plan() == {}
    finally:
        moved.rename(project.folder)
