"""Diabetic lesions: where an eye has them, of what shape, and the grade that follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fundus_anomaly.phantom.anatomy import Anatomy
from fundus_anomaly.phantom.cohort import Eye
from fundus_anomaly.phantom.frame import Frame
from fundus_anomaly.phantom.vessels import Vessel

MANY = 5
"""Haemorrhages a quadrant from which on an eye without larger ones has grade 3 (in all four quadrants)."""
_MARGIN = 0.06
_SPREAD = {"MA": 0.42, "HE": 0.5, "EX": 0.3, "SE": 0.45}
# Equivalent diameters in radii: median, and standard deviation of the logarithm; from IDRiD's masks.
_DIAMETER = {"MA": (0.0115, 0.33), "HE": (0.026, 0.52), "EX": (0.0115, 0.5), "SE": (0.058, 0.36)}
_STRENGTH = {"MA": (0.4, 1.0), "HE": (0.45, 1.0), "EX": (0.4, 1.0), "SE": (0.35, 0.9)}
# Fewest and most: microaneurysms, haemorrhages, groups of hard exudates, soft exudates.
_COUNTS = {
    1: {"MA": (2, 9)},
    2: {"MA": (5, 22), "HE": (5, 16), "EX": (2, 5), "SE": (1, 3)},
    3: {"MA": (10, 35), "HE": (22, 40), "EX": (1, 5), "SE": (1, 4)},
    4: {"MA": (12, 45), "HE": (24, 50), "EX": (1, 6), "SE": (1, 7)},
}


@dataclass(frozen=True)
class Lesion:
    """One lesion.

    Attributes:
        kind: ``"MA"``, ``"HE"``, ``"EX"`` or ``"SE"``.
        centre: Where it lies (x, y) in eye coordinates.
        outlines: Polygons (n, 2) in eye coordinates whose union it covers.
        strength: How much it stands out, 0 to 1.
        preretinal: Whether it is a large haemorrhage before the retina.
    """

    kind: str
    centre: np.ndarray
    outlines: tuple[np.ndarray, ...]
    strength: float
    preretinal: bool = False


def icdr_grade(lesions: list[Lesion], fovea: np.ndarray) -> int:
    """Return the grade that follows from an eye's lesions.

    After the International Clinical Diabetic Retinopathy scale (Wilkinson et al., Ophthalmology 2003): 0 none, 1
    microaneurysms only, 2 more than that, 3 many haemorrhages in all four quadrants, 4 a preretinal haemorrhage. The
    scale asks for more than 20 haemorrhages a quadrant over the whole retina; one photograph shows a part of it, so
    :data:`MANY` are asked for here.

    Args:
        lesions: All lesions of the eye.
        fovea: Where the quadrants meet (x, y).
    """
    if not lesions:
        return 0
    if any(lesion.preretinal for lesion in lesions):
        return 4
    if all(lesion.kind == "MA" for lesion in lesions):
        return 1
    quadrants = [0, 0, 0, 0]
    for lesion in lesions:
        if lesion.kind == "HE":
            quadrants[int(_quadrant(lesion.centre, fovea))] += 1
    return 3 if min(quadrants) >= MANY else 2


def place(eye: Eye, anatomy: Anatomy, vessels: list[Vessel], frame: Frame, random: np.random.Generator) -> list[Lesion]:
    """Return an eye's lesions: of the planned kinds only, inside the field of view, off the disc, at its grade."""
    if eye.grade == 0:
        return []
    course = np.concatenate([vessel.points[::4] for vessel in vessels if vessel.widths[0] > 0.008])
    placed: list[Lesion] = []
    for kind in eye.lesions:
        fewest, most = _COUNTS[eye.grade][kind]
        count = int(np.rint(np.exp(random.uniform(np.log(fewest), np.log(most)))))
        points, weight = _sites(kind, anatomy, course, frame, random)
        chosen = random.choice(len(points), count, p=weight / weight.sum())
        if kind == "HE" and eye.grade >= 3:
            quadrant = _quadrant(points, anatomy.fovea)
            for number in range(4):
                share = weight * (quadrant == number)
                chosen[number * MANY : (number + 1) * MANY] = random.choice(len(points), MANY, p=share / share.sum())
        for centre in points[chosen]:
            if kind == "EX":
                placed += _exudates(centre, anatomy, frame, random)
            else:
                placed.append(_single(kind, centre, anatomy, random))
        if kind == "HE" and eye.grade == 4:
            near = points[random.choice(len(points), 4, p=weight / weight.sum())]
            placed.append(_preretinal(near[np.argmax(anatomy.disc_distance(near))], random))
    return placed


def _sites(
    kind: str, anatomy: Anatomy, course: np.ndarray, frame: Frame, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return places (n, 2) where lesions of one kind may lie, and how frequent they are at each, (n,)."""
    points = random.uniform(-1, 1, (1600, 2))
    away = np.hypot(*(points - anatomy.fovea).T)
    allowed = frame.shown(points, _MARGIN) & (anatomy.disc_distance(points) > 1.5) & (away > 0.04)
    points, away = points[allowed], away[allowed]
    weight = np.exp(-0.5 * (away / _SPREAD[kind]) ** 2) + 0.03
    squared = (points**2).sum(1)[:, None] + (course**2).sum(1) - 2 * points @ course.T
    to_vessel = np.sqrt(np.maximum(squared.min(1), 0))
    if kind == "MA":
        weight[to_vessel < 0.025] *= 0.02
    if kind == "SE":
        weight *= np.exp(-to_vessel / 0.06) * np.exp(-0.5 * (anatomy.disc_distance(points) / 4) ** 2) + 1e-4
    return points, weight


def _quadrant(points: np.ndarray, fovea: np.ndarray) -> np.ndarray:
    points = np.asarray(points)
    return (points[..., 0] > fovea[0]) * 2 + (points[..., 1] > fovea[1])


def _diameter(kind: str, random: np.random.Generator) -> float:
    median, spread = _DIAMETER[kind]
    return float(median * np.exp(spread * np.clip(random.standard_normal(), -2.2, 2.4)))


def _single(kind: str, centre: np.ndarray, anatomy: Anatomy, random: np.random.Generator) -> Lesion:
    diameter, strength = _diameter(kind, random), random.uniform(*_STRENGTH[kind])
    along = np.arctan2(*(centre - anatomy.disc)[::-1])
    if kind == "MA":
        outlines = (_blob(centre, diameter, random.uniform(1, 1.25), random.uniform(0, 3.1), 0.06, random),)
    elif kind == "SE":
        across = along + np.pi / 2 + random.normal(0, 0.4)
        parts = random.integers(2, 5)
        shifts = random.normal(0, 0.28 * diameter, (parts, 2))
        outlines = tuple(
            _blob(centre + shift, diameter * random.uniform(0.5, 0.85), 1.5, across, 0.12, random) for shift in shifts
        )
    elif random.random() < 0.2 and diameter > 0.02:
        outlines = _flame(centre, diameter, along + random.normal(0, 0.25), random)
    else:
        outlines = (_blob(centre, diameter, random.uniform(1, 1.7), random.uniform(0, 3.1), 0.16, random),)
    return Lesion(kind, centre, outlines, float(strength))


def _flame(centre: np.ndarray, diameter: float, along: float, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return a haemorrhage in the nerve fibre layer: slender strips side by side along the fibres."""
    across = np.array([-np.sin(along), np.cos(along)])
    strips = []
    for _ in range(random.integers(3, 7)):
        middle = centre + across * random.normal(0, 0.25 * diameter) + random.normal(0, 0.12 * diameter, 2)
        strips.append(_blob(middle, diameter * random.uniform(0.45, 0.8), 4.0, along, 0.1, random))
    return tuple(strips)


def _preretinal(centre: np.ndarray, random: np.random.Generator) -> Lesion:
    """Return a preretinal haemorrhage: boat-shaped, level at the top where the blood has settled."""
    centre = centre * min(1.0, 0.72 / max(np.hypot(*centre), 1e-6))
    wide, deep = random.uniform(0.07, 0.15), random.uniform(0.04, 0.08)
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    down = np.where(np.sin(angle) > 0, 1.0, random.uniform(0.12, 0.55)) * np.sin(angle)
    uneven = 1 + sum(random.normal(0, 0.1) * np.cos(wave * angle + random.uniform(0, 6.3)) for wave in (2, 3, 5))
    hull = np.stack([wide * np.cos(angle), deep * down], axis=1) * np.asarray(uneven)[:, None]
    return Lesion("HE", centre, (centre + hull,), float(random.uniform(0.6, 0.95)), preretinal=True)


def _exudates(centre: np.ndarray, anatomy: Anatomy, frame: Frame, random: np.random.Generator) -> list[Lesion]:
    """Return one group of hard exudates: a patch, or part of a ring about a leak."""
    number = int(np.rint(np.exp(random.uniform(np.log(6), np.log(50)))))
    if random.random() < 0.45:
        radius, start, span = random.uniform(0.05, 0.16), random.uniform(0, 6.3), random.uniform(1.5, 6.3)
        angle = start + span * random.random(number)
        away = radius * (1 + 0.12 * random.standard_normal(number))
        points = centre + away[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    else:
        points = centre + random.normal(0, random.uniform(0.02, 0.08), (number, 2))
    points[0] = centre
    base = random.uniform(*_STRENGTH["EX"])
    group = []
    for point in points[frame.shown(points, _MARGIN) & (anatomy.disc_distance(points) > 1.2)]:
        diameter = _diameter("EX", random)
        outline = _blob(point, diameter, random.uniform(1, 2), random.uniform(0, 3.1), 0.25, random)
        group.append(Lesion("EX", point, (outline,), float(np.clip(base * random.uniform(0.7, 1.2), 0.15, 1))))
    return group


def _blob(
    centre: np.ndarray, diameter: float, elongation: float, turn: float, roughness: float, random: np.random.Generator
) -> np.ndarray:
    """Return an irregular ellipse (20, 2) of about the given equivalent diameter, its long axis at angle ``turn``."""
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    rough = np.ones(20)
    for wave in (2, 3, 5):
        rough += roughness * random.normal() / np.sqrt(wave) * np.cos(wave * angle + random.uniform(0, 6.3))
    radius = 0.5 * diameter * np.clip(rough, 0.5, 1.6)
    stretch = np.sqrt(elongation)
    x, y = radius * np.cos(angle) * stretch, radius * np.sin(angle) / stretch
    return centre + np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1)
