"""Multiplications and additions of the compared methods, in 10⁹: of a fit, and of one photograph that is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Settings = Mapping[str, float]


def full(settings: Settings, key: str = "width", whole: int = 64) -> float:
    """Return how much work a network is, relative to that of its paper: the square of its width."""
    return (settings[key] / whole) ** 2


def devnet_of_image(settings: Settings, pixels: int) -> float:
    """Return the work of one photograph."""
    # ResNet-18, on the photograph and on one of half its side.
    return 1.25 * 1.81 * pixels / 224**2


def _memae_of_image(settings: Settings, pixels: int) -> float:
    channels = [3, *settings["channels"]]
    pairs = zip(channels[:-1], channels[1:], range(1, 5), strict=True)
    return 2e-9 * sum(9 * before * after * pixels / 4**level for before, after, level in pairs)


def wdmt_net_of_image(settings: Settings, pixels: int) -> float:
    """Return the work of one photograph."""
    return 39.9 * full(settings) * (9 if settings["protocol"] == "paper" else pixels / 256**2)


def _memae_gmacs(settings: Settings, pixels: int, count: int) -> float:
    return 3 * _memae_of_image(settings, pixels) * count * settings["epochs"]


def _wdmt_net_gmacs(settings: Settings, pixels: int, count: int) -> float:
    times = 3 if settings["protocol"] == "paper" else 1
    return 3 * times * wdmt_net_of_image(settings, pixels) * count * settings["epochs"]


def _anogan_gmacs(settings: Settings, pixels: int, count: int) -> float:
    return 1.3 * full(settings) * settings["batch"] * settings["steps"]


def _f_anogan_gmacs(settings: Settings, pixels: int, count: int) -> float:
    of_generator = (22.2 * settings["critic_steps"] + 10.5) * settings["generator_steps"]
    return 2 * (of_generator + 17 * settings["encoder_steps"] / 2) * full(settings) * settings["batch"]


def _devnet_gmacs(settings: Settings, pixels: int, count: int) -> float:
    images = settings["batch"] * settings["steps"] * settings["epochs"]
    return 3 * devnet_of_image(settings, pixels) * images


def _draem_gmacs(settings: Settings, pixels: int, count: int) -> float:
    of_image = 160 * full(settings, "reconstructive_width", 128) + 38 * full(settings, "discriminative_width")
    return 3 * of_image * pixels / 256**2 * count * settings["epochs"]


OF_FIT: Mapping[str, Callable[[Settings, int, int], float]] = {
    "anogan": _anogan_gmacs,
    "devnet": _devnet_gmacs,
    "draem": _draem_gmacs,
    "f_anogan": _f_anogan_gmacs,
    "memae": _memae_gmacs,
    "wdmt_net": _wdmt_net_gmacs,
}
"""Of a fit, from a method's settings, the pixels of a photograph, and the number of photographs to learn from."""
