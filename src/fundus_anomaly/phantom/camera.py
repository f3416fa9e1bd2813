"""The fundus camera: its field of view, illumination, dust, flare, colour, noise and border."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fundus_anomaly.phantom.frame import Frame
from fundus_anomaly.phantom.texture import blur, bump, smooth_noise
from fundus_anomaly.seeds import generator

_SHOULDER = 0.7
# Colours of the light that the rim of the pupil and the lens scatter: bluish, yellow, orange.
_RIMS = ((0.24, 0.31, 0.52), (0.32, 0.28, 0.2), (0.3, 0.16, 0.05))
_FLARE = (0.8, 0.75, 0.6)


@dataclass(frozen=True)
class Camera:
    """One model of camera.

    Attributes:
        cut: Largest height above or below the centre that it shows, in radii; 1 shows the whole circle.
        offset: Shift of the circle from the photograph's centre, in radii (x, y).
        tab: Angle in radians of the small tab at the circle's edge, None without one.
        gain: Factors of R, G and B.
        noise: Standard deviation of the noise at middle grey, in 1/255.
        grain: How far the noise of neighbouring pixels goes together, in pixels.
        black: Value of the border (R, G, B) in 1/255.
        dust: Number of specks on its lens.
    """

    cut: float
    offset: tuple[float, float]
    tab: float | None
    gain: tuple[float, float, float]
    noise: float
    grain: float
    black: tuple[float, float, float]
    dust: int


CAMERAS = (
    Camera(0.84, (-0.012, 0.0), -0.55, (1.0, 1.0, 1.0), 1.6, 0.7, (0.4, 0.2, 0.8), 5),
    Camera(1.0, (0.0, 0.0), None, (0.97, 1.05, 1.1), 2.3, 0.5, (2.0, 1.5, 1.0), 3),
    Camera(0.9, (0.012, 0.012), 0.7, (1.05, 0.95, 0.9), 1.3, 0.9, (0.0, 0.0, 0.0), 7),
    Camera(1.0, (-0.015, -0.01), None, (1.0, 0.98, 0.85), 2.8, 0.6, (4.0, 2.5, 3.0), 4),
)


@dataclass(frozen=True)
class Exposure:
    """How one photograph was taken.

    Attributes:
        focus: Standard deviation of the blur in radii.
        shade: What the light and the lens do to each pixel, a factor (3, H, W) float32.
        veil: Light that is added after that, (3, H, W) float32, 1 is full scale.
        noise: What the sensor adds at middle grey, (3, H, W) float32.
        inside: The share of each pixel that lies in the field of view, (H, W) float32.
        black: Value of the border (3,) float32, 1 is full scale.
    """

    focus: float
    shade: np.ndarray
    veil: np.ndarray
    noise: np.ndarray
    inside: np.ndarray
    black: np.ndarray


def expose(frame: Frame, camera: int, seed: int, haze: float, random: np.random.Generator) -> Exposure:
    """Return how a photograph is taken; nothing in it depends on what is photographed.

    Args:
        frame: The photograph's frame.
        camera: Number of the camera in :data:`CAMERAS`.
        seed: Seed of the data set; the specks on a camera's lens follow from it.
        haze: Cloudiness of the patient's lens, 0 to 1.
        random: Where the photograph's own numbers come from.
    """
    model = CAMERAS[camera]
    focus = float(np.exp(random.normal(np.log(0.0022), 0.45)) + 0.004 * haze)
    shade, veil = _light(frame, haze, random)
    dust = _dust(frame, model, camera, seed)
    for plane, gain in zip(shade, model.gain, strict=True):
        plane *= dust
        plane *= np.float32(gain)
    noise = random.standard_normal((3, frame.height, frame.width), np.float32)
    common = np.float32(0.65) * noise[1]
    strength = model.noise * np.exp(random.normal(0.0, 0.25)) * (1 + 1.2 * model.grain) / 255
    for plane, share in zip(noise, (1.0, 0.85, 1.3), strict=True):
        plane *= np.float32(0.75)
        plane += common
        plane[:] = blur(plane, frame, model.grain / frame.radius)
        plane *= np.float32(share * strength)
    black = np.array(model.black, np.float32) / 255
    return Exposure(focus, shade, veil, noise, _inside(frame, model), black)


def develop(light: np.ndarray, exposure: Exposure) -> np.ndarray:
    """Return the photograph (H, W, 3) uint8 of reflected light (3, H, W) float32, each pixel of itself alone."""
    photograph = np.empty((*exposure.inside.shape, 3), np.uint8)
    for channel, black in enumerate(exposure.black):
        seen = light[channel] * exposure.shade[channel]
        seen += exposure.veil[channel]
        bright = np.maximum(seen - np.float32(_SHOULDER), 0)
        np.minimum(seen, np.float32(_SHOULDER), out=seen)
        seen -= np.float32(1 - _SHOULDER) * np.expm1(bright * np.float32(-1 / (1 - _SHOULDER)))
        noise = exposure.noise[channel]
        seen += noise * (np.float32(0.45) + np.float32(0.7) * np.sqrt(seen))
        border = black + np.float32(0.35 * (exposure.black.max() > 0)) * noise
        seen = border + (seen - border) * exposure.inside
        photograph[..., channel] = np.rint(np.clip(seen, 0, 1) * np.float32(255))
    return photograph


def _light(frame: Frame, haze: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the illumination's factor and the veil of haze and flare, both (3, H, W) float32."""
    mirror = -1 if frame.mirrored else 1
    x, y = frame.x * np.float32(mirror), frame.y
    r2 = x * x + y * y
    tilt = random.normal(0.0, 0.14, 2).astype(np.float32)
    fall = random.uniform(0.05, 0.4)
    uneven = np.float32(0.07) * smooth_noise(frame, random, 3, 1, 1.0)
    log = tilt[0] * x + tilt[1] * y - np.float32(fall) * (r2 - np.float32(0.5)) + uneven
    if random.random() < 0.2:
        centre = 0.95 * np.array([np.cos(a := random.uniform(0, 6.3)), np.sin(a)])
        log = log - np.float32(random.uniform(0.3, 0.9)) * bump(frame, centre, 0.45, 0.35)
    log = (log - np.float32(log.mean()) + np.float32(random.normal(0, 0.06))).astype(np.float32)
    depth = np.array([0.85, 1.0, 1.1]) + random.normal(0, 0.08, 3)
    mist = 0.35 * haze * np.array([0.35, 0.26, 0.14]) * random.uniform(0.7, 1.2, 3)
    shade = np.stack([np.exp(log * np.float32(d)) * np.float32(1 - 0.4 * haze) for d in depth])
    veil = np.empty_like(shade)
    veil[:] = mist[:, None, None]
    if random.random() < 0.7:
        angle, sharp = random.uniform(-np.pi, np.pi), random.uniform(0.3, 3.0)
        r = np.sqrt(r2)
        towards = (x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))) / np.maximum(r, np.float32(1e-3))
        lobe = np.exp(np.float32(sharp) * (towards - 1))
        lobe *= np.clip((r - np.float32(random.uniform(0.55, 0.85))) * 3, 0, 1.5) ** 2
        _shine(veil, lobe * np.float32(random.uniform(0.1, 1.5)), _RIMS[random.integers(len(_RIMS))])
    if random.random() < 0.2:
        centre, size = random.uniform(-0.6, 0.6, 2), random.uniform(0.03, 0.15)
        _shine(veil, bump(frame, centre, size, size) * np.float32(random.uniform(0.03, 0.2)), _FLARE)
    return shade, veil


def _shine(veil: np.ndarray, amount: np.ndarray, colour: tuple[float, float, float]) -> None:
    for plane, share in zip(veil, colour, strict=True):
        plane += amount * np.float32(share)


def _dust(frame: Frame, model: Camera, camera: int, seed: int) -> np.ndarray:
    """Return the factor (H, W) float32 of the specks on a camera's lens, the same in all its photographs."""
    random = generator(seed, "phantom dust", camera)
    clear = np.ones((frame.height, frame.width), np.float32)
    for _ in range(model.dust):
        centre, size, dark = random.uniform(-0.8, 0.8, 2), random.uniform(0.006, 0.025), random.uniform(0.03, 0.16)
        if frame.mirrored:
            centre[0] = -centre[0]
        clear -= bump(frame, centre, size, size * random.uniform(0.7, 1.3)) * np.float32(dark)
    return clear


def _inside(frame: Frame, model: Camera) -> np.ndarray:
    """Return the share of each pixel that lies in the field of view, (H, W) float32, with an edge two pixels wide."""
    mirror = np.float32(-1 if frame.mirrored else 1)
    x, y = frame.x * mirror, frame.y
    limit = np.float32(1.0)
    r = np.sqrt(x * x + y * y)
    if model.tab is not None:
        angle = np.arctan2(y, x)
        limit = 1 + np.float32(0.02) * (
            (np.abs(angle - model.tab) < 0.045) + (np.abs(angle - model.tab + 0.03) < 0.015) * 0.6
        )
    gap = np.minimum((limit - r) * frame.radius, (np.float32(frame.cut) - np.abs(y)) * frame.radius)
    return np.clip(gap * 0.5 + 0.5, 0, 1).astype(np.float32)
