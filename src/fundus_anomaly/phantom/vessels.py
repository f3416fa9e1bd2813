"""Retinal arteries and veins: trees that leave the optic disc along the arcades, branch and taper."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fundus_anomaly.phantom.anatomy import Anatomy, arcades
from fundus_anomaly.phantom.patient import Patient

_STEP = 0.02
_FINEST = 0.0028
_MAX_VESSELS = 260
_MAIN_WIDTH = {"artery": 0.021, "vein": 0.029}


@dataclass(frozen=True)
class Vessel:
    """One unbranched piece of a vessel.

    Attributes:
        kind: ``"artery"`` or ``"vein"``.
        points: Its course (n, 2) in eye coordinates, n >= 2.
        widths: Its width (n,) at these points, in radii of the field of view.
    """

    kind: str
    points: np.ndarray
    widths: np.ndarray


def grow(anatomy: Anatomy, patient: Patient, random: np.random.Generator) -> list[Vessel]:
    """Return all vessels of an eye, the trunks before their branches."""
    grown: list[Vessel] = []
    seeds = []
    for course in arcades(anatomy, random):
        side = random.choice([-1.0, 1.0])
        for kind, lateral in (("vein", side), ("artery", -side)):
            width = _MAIN_WIDTH[kind] * patient.calibre * random.uniform(0.8, 1.1)
            trunk = _trunk(kind, course, lateral * random.uniform(0.012, 0.035), width, patient, random)
            grown.append(trunk)
            seeds += _buds(trunk, 0, random)
            (x, y), (to_x, to_y) = trunk.points[-2:]
            seeds.append((kind, x, y, math.atan2(to_y - y, to_x - x), trunk.widths[-1], 0))
    for _ in range(random.integers(3, 7)):
        angle = random.choice([random.normal(math.pi, 0.5), random.normal(0.0, 0.8)])
        width = random.uniform(0.006, 0.012) * patient.calibre
        seeds.append((str(random.choice(["artery", "vein"])), *anatomy.disc, angle, width, 1))
    while seeds and len(grown) < _MAX_VESSELS:
        kind, x, y, heading, width, depth = seeds.pop(0)
        branch = _branch(kind, x, y, heading, width, anatomy, patient, random)
        if branch is not None:
            grown.append(branch)
            if depth < 3:
                seeds += _buds(branch, depth + 1, random)
    return grown


def _trunk(
    kind: str, course: np.ndarray, lateral: float, width: float, patient: Patient, random: np.random.Generator
) -> Vessel:
    """Return a main vessel beside the arcade's course: both leave the disc together and wind about each other."""
    tangent = np.gradient(course, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    along = np.linspace(0.0, 1.0, len(course))
    winding = np.zeros(len(course))
    for waves, size in ((2.2, 0.02), (5.0, 0.009), (11.0, 0.004)):
        winding += size * np.sin(2 * np.pi * (waves * random.uniform(0.7, 1.3) * along + random.random()))
    away = np.minimum(1.0, along * 6)
    points = course + normal * ((lateral + winding * patient.tortuosity) * away)[:, None]
    return Vessel(kind, points, width * (1 - 0.62 * along))


def _buds(vessel: Vessel, depth: int, random: np.random.Generator) -> list[tuple]:
    """Return where side branches leave a vessel: kind, x, y, heading, width, depth."""
    length = len(vessel.points)
    spacing = 0.12 if depth == 0 else 0.17
    size = np.linalg.norm(np.diff(vessel.points, axis=0), axis=1).sum()
    buds = []
    side = random.choice([-1.0, 1.0])
    for share in np.sort(random.beta(1.5, 1.0, random.poisson(size / spacing))):
        at = min(length - 2, int(share * length))
        (x, y), (to_x, to_y) = vessel.points[at], vessel.points[at + 1]
        width = vessel.widths[at] * random.choice([random.uniform(0.2, 0.4), random.uniform(0.4, 0.85)])
        side = -side if random.random() < 0.8 else side
        heading = math.atan2(to_y - y, to_x - x) + side * random.uniform(0.4, 1.0)
        if width > _FINEST:
            buds.append((vessel.kind, x, y, heading, width, depth))
    return buds


def _branch(
    kind: str,
    x: float,
    y: float,
    heading: float,
    width: float,
    anatomy: Anatomy,
    patient: Patient,
    random: np.random.Generator,
) -> Vessel | None:
    """Return a branch as a random walk that shuns the fovea and drifts away from the disc; None if it has no length."""
    steps = int(random.uniform(14, 36) + 1500 * width)
    noise = (random.standard_normal(steps) * 1.1 * patient.tortuosity).tolist()
    fovea_x, fovea_y = anatomy.fovea.tolist()
    disc_x, disc_y = anatomy.disc.tolist()
    bend, taper = 0.0, math.exp(math.log(max(_FINEST * 0.7 / width, 0.2)) / steps)
    points, widths = [(x, y)], [width]
    for kick in noise:
        bend = 0.86 * bend + kick
        to_fovea = math.hypot(fovea_x - x, fovea_y - y)
        if to_fovea < 0.11 or math.hypot(x, y) > 1.1 or width < _FINEST:
            break
        outward = math.atan2(y - disc_y, x - disc_x)
        heading += bend * _STEP + 0.02 * math.sin(outward - heading)
        if to_fovea < 0.35:
            aside = math.atan2(y - fovea_y, x - fovea_x)
            heading += 0.09 * (0.35 - to_fovea) / 0.24 * math.sin(aside - heading)
        x += _STEP * math.cos(heading)
        y += _STEP * math.sin(heading)
        width *= taper
        points.append((x, y))
        widths.append(width)
    return Vessel(kind, np.array(points), np.array(widths)) if len(points) > 2 else None
