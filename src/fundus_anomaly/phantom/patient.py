"""What the two eyes of a patient share: the camera, the pigment, the age of the eye, the habit of the vessels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fundus_anomaly.seeds import generator

# Mean log colour of the field of view over IDRiD's 168 normals, and the Cholesky factor of its covariance.
_LOG_COLOUR = np.array([4.998, 4.286, 3.268]) - np.log(255.0)
# The spread is widened, as bright colours are pressed together at the sensor's shoulder.
_LOG_COLOUR_SPREAD = 1.5 * np.array([[0.2216, 0.0, 0.0], [0.2802, 0.1289, 0.0], [0.2592, 0.5812, 0.4604]])
_GREENEST, _BLUEST = np.log(0.56), np.log(0.66)
CAMERAS = 4


@dataclass(frozen=True)
class Patient:
    """The traits of one patient; lengths are in units of the field of view's radius, strengths from 0 to about 1.

    Attributes:
        camera: Which camera took both photographs.
        log_colour: Natural logarithm of the mean colour of the fundus, (3,) RGB, 0 is full scale.
        disc_radius: Mean radius of the optic disc.
        disc_height: Height of the disc over its width.
        cup: Diameter of the cup over that of the disc.
        disc_pallor: How pale and yellow, rather than pink, the disc is.
        atrophy: Strength of the pale crescent at the disc's temporal edge.
        calibre: Width of the vessels relative to the usual.
        vessel_contrast: How dark the vessels are.
        tortuosity: How much the vessels wind.
        tessellation: How much of the choroid's network shows through.
        mottling: Unevenness of the pigment over several hundred micrometres.
        grain: Unevenness of the pigment epithelium over tens of micrometres.
        macula: Strength of the macula's darkening.
        sheen: Strength of the nerve fibre layer's sheen, strong in the young.
        haze: Veil of a clouded lens, strong in the old.
        drusen: Expected number of small drusen in an eye.
        pigment_dots: Expected number of pigment dots in an eye.
    """

    camera: int
    log_colour: np.ndarray
    disc_radius: float
    disc_height: float
    cup: float
    disc_pallor: float
    atrophy: float
    calibre: float
    vessel_contrast: float
    tortuosity: float
    tessellation: float
    mottling: float
    grain: float
    macula: float
    sheen: float
    haze: float
    drusen: float
    pigment_dots: float


def traits(seed: int, patient: str) -> Patient:
    """Return the traits that follow from the seed and the patient's id alone."""
    random = generator(seed, "phantom patient", patient)
    youth = random.random()
    colour = _LOG_COLOUR + _LOG_COLOUR_SPREAD @ np.clip(random.standard_normal(3), -1.9, 1.9)
    colour[1] = min(colour[1], colour[0] + _GREENEST)
    colour[2] = min(colour[2], colour[1] + _BLUEST)
    return Patient(
        camera=int(random.choice(CAMERAS, p=[0.4, 0.25, 0.2, 0.15])),
        log_colour=np.minimum(colour, np.log([0.95, 0.55, 0.45])),
        disc_radius=float(np.clip(random.normal(0.14, 0.013), 0.11, 0.175)),
        disc_height=float(random.uniform(1.0, 1.2)),
        cup=float(np.clip(random.normal(0.42, 0.1), 0.2, 0.65)),
        disc_pallor=float(random.random()),
        atrophy=float(random.choice([0.0, random.uniform(0.2, 0.7)], p=[0.75, 0.25])),
        calibre=float(np.exp(random.normal(0.0, 0.12))),
        vessel_contrast=float(np.exp(random.normal(0.0, 0.25))),
        tortuosity=float(np.exp(random.normal(-0.1, 0.4))),
        tessellation=float(random.beta(1.0, 2.2)),
        mottling=float(random.uniform(0.15, 1.0)),
        grain=float(random.uniform(0.2, 1.0)),
        macula=float(random.uniform(0.4, 1.4)),
        sheen=float(np.clip(youth * 1.3 - 0.35 + random.normal(0.0, 0.15), 0.0, 1.0)),
        haze=float(np.clip(0.6 - youth, 0.0, 1.0) * random.random()),
        drusen=float(random.choice([0.0, random.uniform(2.0, 14.0)], p=[0.7, 0.3])),
        pigment_dots=float(random.choice([0.0, random.uniform(2.0, 12.0)], p=[0.55, 0.45])),
    )
