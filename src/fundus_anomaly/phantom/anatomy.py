"""Where an eye's optic disc, cup, fovea and main vessel arcades are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fundus_anomaly.phantom.patient import Patient

_DISC_CENTRED_SHARE = 0.06


@dataclass(frozen=True)
class Anatomy:
    """The landmarks of one eye in the coordinates of :mod:`.frame` (radii of the field of view, right eye).

    Attributes:
        fovea: Centre of the fovea (x, y).
        disc: Centre of the optic disc (x, y).
        disc_axes: Half width and half height of the disc.
        disc_tilt: Turn of the disc's ellipse in radians.
        cup: Centre of the cup (x, y).
        cup_axes: Half width and half height of the cup.
    """

    fovea: np.ndarray
    disc: np.ndarray
    disc_axes: tuple[float, float]
    disc_tilt: float
    cup: np.ndarray
    cup_axes: tuple[float, float]

    def disc_distance(self, points: np.ndarray) -> np.ndarray:
        """Return the distance of points (..., 2) from the disc's centre, in mean radii of the disc."""
        away = np.asarray(points) - self.disc
        return np.hypot(away[..., 0], away[..., 1]) / np.mean(self.disc_axes)


def lay_out(patient: Patient, random: np.random.Generator) -> Anatomy:
    """Return an eye's landmarks; the fovea lies about 2.5 disc diameters temporal of the disc and a little below it."""
    distance = random.uniform(0.7, 0.82)
    turn = random.normal(0.11, 0.05)
    towards_disc = distance * np.array([np.cos(turn), -np.sin(turn)])
    if random.random() < _DISC_CENTRED_SHARE:
        disc = random.normal([0.05, -0.05], [0.15, 0.15])
        fovea = np.clip(disc - towards_disc, [-0.65, -0.3], [0.0, 0.3])
        disc = fovea + towards_disc
    else:
        fovea = np.clip(random.normal([-0.17, 0.05], [0.09, 0.06]), [-0.4, -0.12], [0.05, 0.2])
        disc = fovea + towards_disc
    disc_axes = (patient.disc_radius, patient.disc_radius * patient.disc_height)
    cup = disc + patient.disc_radius * random.normal([-0.08, 0.0], [0.05, 0.05])
    share = patient.cup * random.uniform(0.92, 1.08)
    return Anatomy(
        fovea=fovea,
        disc=disc,
        disc_axes=disc_axes,
        disc_tilt=float(random.normal(0.0, 0.12)),
        cup=cup,
        cup_axes=(disc_axes[0] * share * 0.95, disc_axes[1] * share),
    )


def arcades(anatomy: Anatomy, random: np.random.Generator) -> list[np.ndarray]:
    """Return the courses of the four main pairs of vessels, each (n, 2): two temporal arcades, two nasal branches.

    A temporal arcade leaves the disc steeply and sweeps around the macula, as a cubic Bézier curve.
    """
    courses = []
    span = float(np.linalg.norm(anatomy.disc - anatomy.fovea))
    for up in (-1.0, 1.0):
        height = up * span * random.uniform(0.72, 1.0)
        reach = span * random.uniform(0.5, 1.0)
        from_disc = np.array([[0.02, 0.0], [span * random.uniform(-0.05, 0.12), 0.62 * height]])
        from_fovea = np.array(
            [[span * random.uniform(0.2, 0.55), 1.15 * height], [-reach, height * random.uniform(0.45, 1.15)]]
        )
        temporal = np.concatenate([anatomy.disc + from_disc, anatomy.fovea + from_fovea])
        slope = random.uniform(0.45, 1.4)
        nasal = anatomy.disc + span * np.array(
            [[0.02, 0.0], [0.06, 0.3 * up], [0.35, 0.4 * up * slope], [1.0, up * slope * random.uniform(0.7, 1.1)]]
        )
        courses += [_bezier(temporal), _bezier(nasal)]
    return courses


def _bezier(control: np.ndarray) -> np.ndarray:
    t = np.linspace(0.0, 1.0, 80)[:, None]
    weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
    return weights @ control
