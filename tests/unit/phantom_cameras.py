"""Photographs of the phantom by camera, and what is measured of them."""

import numpy as np

from fundus_anomaly.imaging.field_of_view import bounding_box, field_of_view
from fundus_anomaly.imaging.geometry import keep_aspect, stretch
from fundus_anomaly.phantom import cohort
from fundus_anomaly.phantom.patient import traits
from fundus_anomaly.phantom.render import render
from fundus_anomaly.quality.limits import SIDES, Limits, Options, quartiles_of
from fundus_anomaly.quality.statistics import Statistics, statistics

HEIGHT, WIDTH, SIZE = 320, 480, 196
OPTIONS = Options(
    care=2,
    refuse=4,
    amber=1,
    red=2,
    floors={
        "brightness": 0.2,
        "white": 0.05,
        "black": 0.05,
        "redness": 0.05,
        "structure": 0.3,
        "sharpness": 0.25,
        "roundness": 0.03,
        "proportion": 0.08,
        "diameter": 0.1,
        "resolution": 0.25,
        "distance": 1,
    },
)


def photographs(camera, wanted, abnormal=False):
    """Return photographs of the phantom that one camera took."""
    planned = cohort.plan(0, 0 if abnormal else 60, 0, 60 if abnormal else 0)
    eyes = [eye for eye in planned if traits(0, eye.patient).camera == camera][:wanted]
    return [render(eye, 0, WIDTH, HEIGHT).photograph for eye in eyes]


def measured(photograph, size=SIZE, keep=False):
    view, shape = field_of_view(photograph), photograph.shape[:2]
    geometry = keep_aspect(size, shape, bounding_box(view)) if keep else stretch(size)
    return statistics(geometry.apply(photograph), geometry.apply(view.astype(np.uint8) * 255) > 127, geometry, shape)


def limits_of(found, options=OPTIONS):
    names = [name for name in Statistics._fields if name in SIDES]
    return Limits(quartiles_of({name: np.array([getattr(one, name) for one in found]) for name in names}), options)
