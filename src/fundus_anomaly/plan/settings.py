"""Refuses settings that contradict each other, or that have no effect beside the others, before the first job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fundus_anomaly.errors import Problem, raise_if_any
from fundus_anomaly.methods.lesionpaste.keys import MAX_KINDS
from fundus_anomaly.plan.compared_settings import compared_problems

# Readings of eq. 4 without a softmax, so that its scale has no effect.
_WITHOUT_SOFTMAX = ("off", "identity")
_RANGES = ("resize", "contrast", "brightness")


def require_consistent(config: Mapping, schema: Mapping) -> None:
    """Raise if settings that are valid each by itself cannot go together.

    A setting that the others leave without effect must have its default value; anything else would be taken for what
    the run has done. Sections that a switch leaves out as a whole (data of other datasets, LesionPaste without an
    annotated image) are not checked for that.

    Args:
        config: The configuration, valid and with its defaults.
        schema: The JSON schema, which has the defaults.

    Raises:
        InputError: With every contradiction.
    """
    problems = [*_ranges(config), *_cells(config["bank"]), *_idle(config, schema), *_idle_scales(config)]
    problems += [*_tested_epochs(config["lesionpaste"]["training"]), *_order(config["quality"])]
    problems += _unheld(config)
    raise_if_any([*problems, *_idle_strengths(config), *_kinds(config), *compared_problems(config)])


def _ranges(config: Mapping) -> Iterator[Problem]:
    """Yield each range of LesionPaste's, in its section or in a row, whose ends are the wrong way round."""
    for where, part in _lesionpaste_parts(config):
        ranges = {f"{where}.mixup": part.get("mixup")}
        ranges |= {f"{where}.augmentation.{name}": part.get("augmentation", {}).get(name) for name in _RANGES}
        for name, ends in ranges.items():
            if ends is not None and ends[0] > ends[1]:
                yield Problem(f"config, {name}", f"[{ends[0]}, {ends[1]}]", "the smaller number first", "exchange them")


def _order(quality: Mapping) -> Iterator[Problem]:
    for first, second in (("care", "refuse"), ("amber", "red")):
        if quality[first] > quality[second]:
            allowed = f"at most {quality[second]} (quality.{second})"
            yield Problem(f"config, quality.{first}", str(quality[first]), allowed, "exchange them")


def _unheld(config: Mapping) -> Iterator[Problem]:
    wanted, held_out = config["select"]["normals"], config["evaluation"]["calibration_images"]
    if wanted > held_out:
        allowed = f"at most {held_out}, the normals that are held out (evaluation.calibration_images)"
        yield Problem("config, select.normals", str(wanted), allowed, "lower it, or raise the other")


def _kinds(config: Mapping) -> Iterator[Problem]:
    parts = [part for _, section in _lesionpaste_parts(config) for part in section.get("mix", [])]
    kinds = {kind for part in parts for kind in part["types"]}
    if len(kinds) > MAX_KINDS:
        remedy = "name fewer types in lesionpaste.mix and in the rows"
        yield Problem("config, lesionpaste.mix", f"{len(kinds)} types of lesion", f"at most {MAX_KINDS}", remedy)


def _tested_epochs(training: Mapping) -> Iterator[Problem]:
    if training["tested_every"] > training["epochs"]:
        found = f"{training['tested_every']} with {training['epochs']} epochs: none would be tested"
        remedy = "lower lesionpaste.training.tested_every, or set it to 0 for no column of that kind"
        allowed = f"0, or 1 to {training['epochs']}, the number of epochs"
        yield Problem("config, lesionpaste.training.tested_every", found, allowed, remedy)


def _cells(bank: Mapping) -> Iterator[Problem]:
    if bank["index"] == "ivf" and bank["nprobe"] > bank["nlist"]:
        allowed = f"1 to {bank['nlist']}, the number of cells (bank.nlist)"
        yield Problem("config, bank.nprobe", str(bank["nprobe"]), allowed, "lower bank.nprobe, or raise bank.nlist")


def _idle(config: Mapping, schema: Mapping) -> Iterator[Problem]:
    """Yield each key that has no effect and another value than its default."""
    own = {config["dataset"], config["lesionpaste"]["source"]["dataset"]}
    table = config["data"]["images"]["table"]
    idle = {
        "backbone.name is onnx: a graph computes in the precision that it was written with": (
            ["features.precision"] if config["backbone"]["name"] == "onnx" else []
        ),
        f"backbone.name is {config['backbone']['name']}": (
            [f"backbone.onnx.{key}" for key in ("outputs", "mean", "std")]
            if config["backbone"]["name"] != "onnx"
            else []
        ),
        "bank.index is flat": ["bank.nlist", "bank.nprobe"] if config["bank"]["index"] == "flat" else [],
        "data.images.table names a table, which has all paths": (
            ["data.images.normals", "data.images.unknowns"] if table and "images" in own else []
        ),
        "data.images.table is empty, and folders have no masks": (
            ["data.images.masks_inverted"] if not table and "images" in own else []
        ),
    }
    for reason, paths in idle.items():
        for path in paths:
            value, default = config, schema
            for name in path.split("."):
                value, default = value[name], default["properties"][name]
            if value != default["default"]:
                remedy = f"take {path} out, or change what leaves it without effect"
                allowed = f"its default {default['default']!r}, since it has no effect: {reason}"
                yield Problem(f"config, {path}", repr(value), allowed, remedy)


def _idle_scales(config: Mapping) -> Iterator[Problem]:
    """Yield each scale of eq. 4's logits that is named where no softmax is taken."""
    main = config["resad"]
    tables = {
        "ablations.variants": config["ablations"]["variants"],
        "select.candidates": config["select"]["candidates"],
    }
    for place, number, row in ((place, *one) for place, table in tables.items() for one in enumerate(table)):
        spatial = row.get("spatial", main["spatial"])
        if spatial in _WITHOUT_SOFTMAX and row.get("scale", "none") != "none":
            yield _idle_scale(f"{place}[{number}].scale", row["scale"], spatial)
    rows = [row for table in tables.values() for row in table]
    inherited = any(row.get("spatial", main["spatial"]) not in _WITHOUT_SOFTMAX and "scale" not in row for row in rows)
    if main["spatial"] in _WITHOUT_SOFTMAX and main["scale"] not in ("none", "inv_sqrt") and not inherited:
        yield _idle_scale("resad.scale", main["scale"], main["spatial"])


def _idle_scale(path: str, scale: str, spatial: str) -> Problem:
    allowed = f"none: a softmax that is not taken (spatial: {spatial}) has no scale"
    return Problem(f"config, {path}", repr(scale), allowed, "remove the scale, or choose another reading (spatial)")


def _idle_strengths(config: Mapping) -> Iterator[Problem]:
    """Yield each strength that a row names for an operation which is not on in that row."""
    configured = config["lesionpaste"]["augmentation"]["operations"]
    for where, row in _lesionpaste_parts(config):
        changes = row.get("augmentation", {})
        on = changes.get("operations", configured)
        for name in changes:
            if name != "operations" and name not in on and where != "lesionpaste":
                allowed = f"strengths of operations that are on in this row ({', '.join(on) or 'none is'})"
                remedy = f"add {name} to the row's augmentation.operations, or remove its strength"
                yield Problem(f"config, {where}.augmentation.{name}", repr(changes[name]), allowed, remedy)


def _lesionpaste_parts(config: Mapping) -> Iterator[tuple[str, Mapping]]:
    """Yield the section of LesionPaste and each of its rows, with its place in the configuration."""
    section = config["lesionpaste"]
    yield "lesionpaste", section
    tables = {"rows": section["rows"]} | {f"ablations.{name}": rows for name, rows in section["ablations"].items()}
    for place, rows in tables.items():
        for number, row in enumerate(rows):
            yield f"lesionpaste.{place}[{number}]", row
