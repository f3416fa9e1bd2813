"""The healthy fundus: pigment and choroid, macula, optic disc, vessels and nerve fibres, as reflected light."""

from __future__ import annotations

import cv2
import numpy as np

from fundus_anomaly.phantom.anatomy import Anatomy
from fundus_anomaly.phantom.canvas import Canvas, draw_vessels
from fundus_anomaly.phantom.frame import Frame
from fundus_anomaly.phantom.patient import Patient
from fundus_anomaly.phantom.texture import blur, bump, smooth_noise
from fundus_anomaly.phantom.vessels import Vessel

# Changes of log reflectance (R, G, B) at full strength, read off IDRiD's photographs.
_ARTERY = (-0.16, -0.46, -0.42)
_VEIN = (-0.42, -0.68, -0.56)
_REFLEX = (0.16, 0.3, 0.2)
_MELANIN = (-0.17, -0.2, -0.16)
_CHOROID = (0.28, 0.27, 0.06)
_MACULA = (-0.26, -0.34, -0.36)
_FOVEA = (-0.3, -0.46, -0.3)
_DISC = (0.38, 0.52, 1.0)
_PALLOR = (0.06, 0.16, 0.0)
_CUP = (0.14, 0.27, 0.6)
_ATROPHY = (0.25, 0.5, 0.7)
_DRUSEN = (0.14, 0.28, 0.2)
_DOT = (-0.3, -0.34, -0.2)
_BRIGHTEST, _GREENEST, _BLUEST = -0.02, -0.2, -0.05
_SPOT_SIDE = 1100
_SHEEN = (0.13, 0.26, 0.5)


class Layers:
    """The sum of log reflectances of a fundus, (3, H, W) float32: planes, as numpy is quick with long rows.

    Args:
        frame: The photograph's frame.
        log_colour: Log colour (3,) to start from.
    """

    def __init__(self, frame: Frame, log_colour: np.ndarray):
        self.total = np.empty((3, frame.height, frame.width), np.float32)
        self.total[:] = log_colour[:, None, None]

    def add(self, amount: np.ndarray, colour: tuple[float, float, float]) -> None:
        """Add ``amount`` (H, W) times a change of log colour."""
        for plane, change in zip(self.total, colour, strict=True):
            plane += amount * np.float32(change)


def paint(
    frame: Frame, anatomy: Anatomy, vessels: list[Vessel], patient: Patient, random: np.random.Generator
) -> np.ndarray:
    """Return the log reflectance of a healthy fundus, (3, H, W) float32; see :class:`Layers`."""
    layers = Layers(frame, patient.log_colour)
    _add_pigment(layers, frame, patient, random)
    disc_distance = _ellipse_distance(frame, anatomy.disc, anatomy.disc_axes, anatomy.disc_tilt)
    _add_choroid(layers, frame, anatomy, patient, disc_distance, random)
    _add_macula(layers, frame, anatomy, patient, random)
    _add_spots(layers, frame, anatomy, patient, random)
    arteries, veins, reflex = draw_vessels(frame, vessels)
    _add_nerve_fibres(layers, frame, anatomy, patient, disc_distance, np.maximum(arteries, veins), random)
    _add_disc(layers, frame, anatomy, patient, disc_distance, random)
    # Vessels stay dark before a bright disc, so the disc is held below full scale before they are laid over it; and no
    # part of a fundus is greener than red or bluer than green, to which a bright disc would otherwise come.
    red, green, blue = layers.total
    np.minimum(red, np.float32(_BRIGHTEST), out=red)
    np.minimum(green, red + np.float32(_GREENEST), out=green)
    np.minimum(blue, green + np.float32(_BLUEST), out=blue)
    dark = patient.vessel_contrast
    layers.add(blur(np.maximum(veins - arteries, 0), frame, 0.0018), tuple(dark * c for c in _VEIN))
    layers.add(blur(arteries, frame, 0.0018), tuple(dark * c for c in _ARTERY))
    layers.add(blur(reflex, frame, 0.0014), tuple((0.4 + 0.8 * patient.sheen) * c for c in _REFLEX))
    return layers.total


def _add_pigment(layers: Layers, frame: Frame, patient: Patient, random: np.random.Generator) -> None:
    layers.add(smooth_noise(frame, random, 3, 5, 0.6) * np.float32(0.32 * patient.mottling), _MELANIN)
    tint = random.normal(0.0, 0.06, 3)
    layers.add(smooth_noise(frame, random, 3, 2, 0.5), tuple(tint * (0.5, 1.0, 2.8)))
    layers.add(smooth_noise(frame, random, 48, 3, 0.9) * np.float32(0.16 * patient.grain), _MELANIN)


def _add_choroid(
    layers: Layers,
    frame: Frame,
    anatomy: Anatomy,
    patient: Patient,
    disc_distance: np.ndarray,
    random: np.random.Generator,
) -> None:
    """Add the choroid's network, which shows where the pigment is thin: near the disc and away from the macula."""
    coarse = smooth_noise(frame, random, 13, 3, 0.4)
    fine = smooth_noise(frame, random, 19, 2, 0.35)
    network = np.maximum(np.exp(-((coarse / 0.5) ** 2)), 0.85 * np.exp(-((fine / 0.42) ** 2))) - np.float32(0.55)
    thin = 1 / (1 + np.exp(-2.2 * smooth_noise(frame, random, 3, 2, 0.5) + np.float32(0.5)))
    thin *= 1 - 0.85 * bump(frame, anatomy.fovea, 0.3, 0.3)
    thin += 0.6 * np.exp(-np.maximum(disc_distance - 1, 0) / np.float32(0.9))
    layers.add(network * thin * np.float32(0.85 * patient.tessellation), _CHOROID)
    layers.add(smooth_noise(frame, random, 8, 4, 0.75) * np.float32(0.1 + 0.25 * patient.tessellation), _CHOROID)


def _add_macula(layers: Layers, frame: Frame, anatomy: Anatomy, patient: Patient, random: np.random.Generator) -> None:
    size = random.uniform(0.13, 0.26)
    layers.add(bump(frame, anatomy.fovea, size * 1.1, size) * np.float32(patient.macula), _MACULA)
    size = random.uniform(0.035, 0.065)
    layers.add(bump(frame, anatomy.fovea, size, size) * np.float32(patient.macula * random.uniform(0.5, 1.1)), _FOVEA)
    if patient.sheen > 0.35 and random.random() < 0.6:
        reflex = bump(frame, anatomy.fovea + random.normal(0, 0.006, 2), 0.007, 0.007)
        layers.add(reflex * np.float32(random.uniform(0.5, 1.6)), _SHEEN)
        ring = np.hypot(frame.x - np.float32(anatomy.fovea[0]), frame.y - np.float32(anatomy.fovea[1]))
        ring = np.exp(-(((ring - random.uniform(0.13, 0.2)) / 0.02) ** 2))
        ring *= np.clip(smooth_noise(frame, random, 7, 2, 0.6), 0, 2)
        layers.add(ring * np.float32(0.35 * patient.sheen), _SHEEN)


def _add_spots(layers: Layers, frame: Frame, anatomy: Anatomy, patient: Patient, random: np.random.Generator) -> None:
    """Add what a healthy eye shows and a lesion resembles: small drusen and dots of pigment."""
    for number, sizes, softness, colour in (
        (patient.drusen, (0.004, 0.011), 0.004, _DRUSEN),
        (patient.pigment_dots, (0.004, 0.013), 0.003, _DOT),
    ):
        count = random.poisson(number)
        if count == 0:
            continue
        canvas = Canvas(frame, _SPOT_SIDE)
        for _ in range(count):
            centre = anatomy.fovea + random.normal(0.0, 0.38, 2)
            radius = random.uniform(*sizes)
            angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
            outline = (
                radius * (1 + 0.2 * random.standard_normal(12))[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
            )
            canvas.polygon(centre + outline, int(random.uniform(70, 255)))
        layers.add(blur(canvas.finished(), frame, softness), colour)


def _add_nerve_fibres(
    layers: Layers,
    frame: Frame,
    anatomy: Anatomy,
    patient: Patient,
    disc_distance: np.ndarray,
    blood: np.ndarray,
    random: np.random.Generator,
) -> None:
    """Add the sheen of nerve fibres: streaks that leave the disc upwards and downwards, and glints along vessels."""
    dx, dy = frame.x - np.float32(anatomy.disc[0]), frame.y - np.float32(anatomy.disc[1])
    dx, dy = np.broadcast_to(dx, disc_distance.shape), np.broadcast_to(dy, disc_distance.shape)
    away, angle = cv2.cartToPolar(np.ascontiguousarray(dx), np.ascontiguousarray(dy))
    streaks = random.standard_normal((8, 300)).astype(np.float32)
    streaks += cv2.resize(random.standard_normal((4, 40)).astype(np.float32), (300, 8), interpolation=cv2.INTER_CUBIC)
    around = angle * np.float32(299 / (2 * np.pi))
    bundle = cv2.remap(streaks, around, away * np.float32(5), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lobes = 0.25 + np.abs(np.sin(angle + np.float32(random.normal(0, 0.15)))) ** 2
    reach = random.uniform(0.2, 0.4)
    density = lobes * np.exp(-(((away - np.float32(0.24)) / np.float32(reach)) ** 2))
    layers.add(density * (0.75 + 0.3 * bundle) * np.float32(0.75 * patient.sheen), _SHEEN)
    glints = blur(blood, frame, 0.022) * np.clip(smooth_noise(frame, random, 9, 3, 0.7) - np.float32(0.2), 0, 2)
    layers.add(glints * np.float32(1.1 * patient.sheen**1.5), _SHEEN)


def _add_disc(
    layers: Layers,
    frame: Frame,
    anatomy: Anatomy,
    patient: Patient,
    disc_distance: np.ndarray,
    random: np.random.Generator,
) -> None:
    wobble = 0.05 * smooth_noise(frame, random, 10, 2, 0.5)
    inside = _edge(disc_distance + wobble, 1.0, random.uniform(0.08, 0.13))
    halo = np.exp(-np.maximum(disc_distance - 1, 0) / np.float32(random.uniform(0.2, 0.7))) * (1 - inside)
    layers.add(halo * np.float32(random.uniform(0.0, 0.3)), _DISC)
    if patient.atrophy > 0:
        temporal = anatomy.disc - np.array([random.uniform(0.1, 0.35), random.normal(0, 0.1)]) * anatomy.disc_axes[0]
        crescent = _edge(_ellipse_distance(frame, temporal, anatomy.disc_axes, anatomy.disc_tilt) + wobble, 1.03, 0.06)
        layers.add(crescent * (1 - inside) * np.float32(patient.atrophy), _ATROPHY)
    temporal_side = 0.85 + 0.2 * np.tanh(-(frame.x - np.float32(anatomy.disc[0])) / np.float32(anatomy.disc_axes[0]))
    # A disc stands out less from a bright fundus, as both near full scale.
    stand_out = np.clip(0.45 - 0.5 * patient.log_colour[1], 0.7, 1.05)
    layers.add(inside * temporal_side, tuple(stand_out * np.add(_DISC, patient.disc_pallor * np.array(_PALLOR))))
    cup = _edge(_ellipse_distance(frame, anatomy.cup, anatomy.cup_axes, anatomy.disc_tilt) + wobble, 1.0, 0.25)
    layers.add(cup * inside * np.float32(stand_out * random.uniform(0.6, 1.0)), _CUP)


def _ellipse_distance(frame: Frame, centre: np.ndarray, axes: tuple[float, float], tilt: float) -> np.ndarray:
    """Return the distance from an ellipse's centre such that its edge is at 1, (H, W) float32."""
    dx, dy = frame.x - np.float32(centre[0]), frame.y - np.float32(centre[1])
    c, s = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
    return np.hypot((c * dx + s * dy) / np.float32(axes[0]), (c * dy - s * dx) / np.float32(axes[1]))


def _edge(distance: np.ndarray, at: float, softness: float) -> np.ndarray:
    """Return 1 within a distance and 0 beyond it, with a smooth step between, float32."""
    t = np.clip((at + softness - distance) * np.float32(0.5 / softness), 0, 1)
    return t * t * (3 - 2 * t)
