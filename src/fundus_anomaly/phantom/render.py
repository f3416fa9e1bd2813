"""One phantom photograph and its lesion masks, from the eye's entry in the plan."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fundus_anomaly.phantom import camera, lesions, retina, vessels
from fundus_anomaly.phantom.anatomy import Anatomy, lay_out
from fundus_anomaly.phantom.canvas import Canvas
from fundus_anomaly.phantom.cohort import Eye
from fundus_anomaly.phantom.frame import Frame, fit
from fundus_anomaly.phantom.patient import traits
from fundus_anomaly.phantom.texture import blur
from fundus_anomaly.seeds import generator

# Changes of log reflectance (R, G, B) at full strength, read off IDRiD's photographs.
_COLOUR = {
    "MA": (-0.32, -0.8, -0.45),
    "HE": (-0.6, -1.1, -0.65),
    "EX": (0.36, 0.88, 0.9),
    "SE": (0.24, 0.62, 0.9),
}
_SOFTNESS = {"MA": 0.0018, "HE": 0.0045, "EX": 0.0012, "SE": 0.011}
_LESION_SIDE = 1100
_EDGE = {"MA": 0.15, "HE": 0.2, "EX": 0.2, "SE": 0.25}


@dataclass(frozen=True)
class Rendering:
    """A photograph with its truth.

    Attributes:
        photograph: (H, W, 3) uint8 RGB.
        masks: For each kind of lesion that the eye shows, (H, W) uint8, 255 = lesion, 0 = none. Outside of all
            masks the photograph equals that of the same eye without lesions.
        field_of_view: (H, W) bool, True where the retina shows.
        lesions: Every lesion, in eye coordinates.
        anatomy: The landmarks of the eye, in eye coordinates.
    """

    photograph: np.ndarray
    masks: dict[str, np.ndarray]
    field_of_view: np.ndarray
    lesions: list[lesions.Lesion]
    anatomy: Anatomy


def render(
    eye: Eye, seed: int, width: int, height: int, lesion_contrast: float = 1.0, with_lesions: bool = True
) -> Rendering:
    """Return the photograph of one eye; it depends on these arguments alone, not on other eyes or earlier calls.

    Args:
        eye: An entry of :func:`.cohort.plan`.
        seed: Seed of the data set.
        width: Width of the photograph in pixels, 64 to 8192.
        height: Height of the photograph in pixels, 64 to 8192.
        lesion_contrast: Factor of the lesions' contrast; below 1 they are harder to see. The masks do not depend on it.
        with_lesions: False renders the same eye as it would look healthy.

    Raises:
        InputError: If the size is outside of these limits.
    """
    patient = traits(seed, eye.patient)
    model = camera.CAMERAS[patient.camera]
    frame = fit(width, height, model.cut, model.offset, eye.eye == "left")

    def numbers(purpose: str) -> np.random.Generator:
        return generator(seed, f"phantom {purpose}", eye.id)

    anatomy = lay_out(patient, numbers("anatomy"))
    tree = vessels.grow(anatomy, patient, numbers("vessels"))
    placed = lesions.place(eye, anatomy, tree, frame, numbers("lesion places")) if with_lesions else []
    exposure = camera.expose(frame, patient.camera, seed, patient.haze, numbers("camera"))
    reflectance = retina.paint(frame, anatomy, tree, patient, numbers("retina"))
    for plane in reflectance:
        plane[:] = np.exp(blur(plane, frame, exposure.focus))
    field_of_view = exposure.inside > 0.5
    masks = {}
    for kind in eye.lesions if with_lesions else ():
        mask, amount = _draw(frame, kind, [lesion for lesion in placed if lesion.kind == kind], exposure.focus)
        masks[kind] = mask
        rows = np.flatnonzero(mask.any(axis=1))
        part = slice(rows[0], rows[-1] + 1)
        for plane, change in zip(reflectance, _COLOUR[kind], strict=True):
            plane[part] *= np.exp(amount[part] * np.float32(change * lesion_contrast))
    return Rendering(camera.develop(reflectance, exposure), masks, field_of_view, placed, anatomy)


def _draw(frame: Frame, kind: str, drawn: list[lesions.Lesion], focus: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the mask (H, W) uint8 of one kind of lesion and its strength (H, W) float32, 0 outside of the mask."""
    shape, strength = Canvas(frame, _LESION_SIDE), Canvas(frame, _LESION_SIDE)
    least = 0.8 / frame.radius
    for lesion in sorted(drawn, key=lambda lesion: lesion.strength):
        for outline in lesion.outlines:
            reach = np.abs(outline - outline.mean(axis=0)).max()
            if reach < least:
                outline = outline.mean(axis=0) + (outline - outline.mean(axis=0)) * (least / reach)
            shape.polygon(outline, 255)
            strength.polygon(outline, max(1, int(255 * lesion.strength)))
    softness = float(np.hypot(_SOFTNESS[kind], focus))
    covered = blur(shape.finished(), frame, softness)
    edge = np.float32(min(_EDGE[kind], 0.5 * covered.max()))
    mask = covered > edge
    amount = blur(strength.finished(), frame, softness)
    amount *= np.clip((covered - edge) / (np.float32(0.35) * (1 - edge)), 0, 1)
    return np.where(mask, np.uint8(255), np.uint8(0)), cv2.multiply(amount, mask.astype(np.float32))
