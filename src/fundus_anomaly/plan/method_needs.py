"""What the methods that ours are compared with need of memory and time, so that a cluster is asked for it.

Measured on one busy core with one thread, on 38 photographs of 128×128 pixels (2026-11-27): f-AnoGAN of width 16 and 8,
batches of 16: 1,355 and 1,116 MB, 2.4 and 1.0 s a step of the generator; AnoGAN of width 32, batches of 32: 1,040 MB,
.6 s a step; DRAEM of widths 16 and 16, batches of 8: 1,530 MB, .25 s a photograph. By CPU time: MemAE of 32 to 128
channels, batches of 14: 1,089 MB, .03 s a photograph; WDMT-Net of width 16, batches of 8: 1,340 MB, .12 s a photograph;
DevNet on EfficientNet-Lite0, batches of 16: 1,684 MB, .09 s a photograph, on 256×256 pixels 3,200 MB, .24 s; on
ResNet-18 at 128×128 1,495 MB, .12 s.
What is not there follows the arithmetic: activations grow with channels, pixels and batch, parameters and steps with
the square of the channels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fundus_anomaly.plan.method_gmacs import OF_FIT, Settings, devnet_of_image, full, wdmt_net_of_image

_BASE_MB = 1000
_PATCH = 64**2
_JUDGED = 256
# Seconds of a core for 10⁹ multiplications and additions; a parameter, its gradient and Adam's two moments in MB.
_GMAC, _PARAMETER_MB = 0.06, 16e-6

Needs = Callable[[Settings, int], float]


def _anogan_mb(settings: Settings, pixels: int) -> float:
    fitted, judged = 5e-5 * settings["batch"], 1e-5 * _JUDGED
    return 6.3e6 * full(settings) * _PARAMETER_MB + max(fitted, judged) * settings["width"] * _PATCH


def _f_anogan_mb(settings: Settings, pixels: int) -> float:
    fitted, judged = 3.5e-4 * settings["batch"], 4e-5 * _JUDGED
    return 24.6e6 * full(settings) * _PARAMETER_MB + max(fitted, judged) * settings["width"] * _PATCH


def _draem_mb(settings: Settings, pixels: int) -> float:
    reconstructive, discriminative = settings["reconstructive_width"], settings["discriminative_width"]
    parameters = 69e6 * (reconstructive / 128) ** 2 + 28.4e6 * (discriminative / 64) ** 2
    images = max(settings["batch"], 4)
    return parameters * _PARAMETER_MB + 1.3e-4 * (reconstructive + discriminative) * images * pixels


def _supervised_mb(settings: Settings, pixels: int) -> float:
    network, pixel = (1700, 10e-3) if settings.get("network") == "vgg16" else (500, 2e-3)
    return network + pixel * settings["batch"] * pixels


def _memae_mb(settings: Settings, pixels: int) -> float:
    weights = 16e-6 * settings["items"] * pixels / 256
    return settings["batch"] * (1.3e-5 * settings["channels"][0] * pixels + weights)


def _wdmt_net_mb(settings: Settings, pixels: int) -> float:
    of_patch = 256**2 if settings["protocol"] == "paper" else pixels / settings["cuts"] ** 2
    parameters = 17.3e6 * full(settings) * _PARAMETER_MB
    return parameters + 1.6e-4 * settings["width"] * max(settings["batch"], 4) * of_patch


def _devnet_mb(settings: Settings, pixels: int) -> float:
    return 200 + 2e-3 * max(settings["batch"], 8) * pixels


_MB: Mapping[str, Needs] = {
    "anogan": _anogan_mb,
    "devnet": _devnet_mb,
    "draem": _draem_mb,
    "f_anogan": _f_anogan_mb,
    "memae": _memae_mb,
    "supervised": _supervised_mb,
    "wdmt_net": _wdmt_net_mb,
}


def fit_megabytes(method: str, settings: Settings, pixels: int) -> float:
    """Return the memory that a fit needs, and what it has learned to be applied, in MB.

    Args:
        method: Name of its module. One that is not known here needs what a reconstruction does.
        settings: All of its settings; of one that starts from a network also its name, ``network``.
        pixels: Of a photograph that it sees.
    """
    if method in _MB:
        return _BASE_MB + _MB[method](settings, pixels)
    return 1100 + 1.5e-3 * settings.get("batch", 16) * pixels


def fit_seconds(method: str, settings: Settings, pixels: int, count: int) -> float:
    """Return the seconds of one core that a fit needs; arguments as :func:`fit_megabytes`.

    Args:
        method: Likewise.
        settings: Likewise.
        pixels: Likewise.
        count: Photographs to learn from.
    """
    if method == "supervised":
        pixel, balanced = 70e-6 if settings.get("network") == "vgg16" else 6e-6, 2 if settings["balanced"] else 1
        return 60 + pixel * pixels * balanced * count * settings["epochs"]
    if method in OF_FIT:
        return 60 + _GMAC * OF_FIT[method](settings, pixels, count)
    return 12e-6 * pixels * count * settings.get("epochs", 1)


def apply_seconds(method: str, settings: Settings, pixels: int, count: int) -> float:
    """Return the seconds of one core that ``count`` photographs need to be scored, beside what their maps need.

    Args:
        method: As :func:`fit_megabytes`.
        settings: Likewise.
        pixels: Likewise.
        count: Photographs to score.
    """
    if method == "wdmt_net":
        return _GMAC * wdmt_net_of_image(settings, pixels) * count
    if method == "supervised":
        return (25e-6 if settings.get("network") == "vgg16" else 2e-6) * pixels * count
    if method == "devnet":
        return 2 * _GMAC * devnet_of_image(settings, pixels) * count
    if method not in ("anogan", "f_anogan"):
        return 4e-6 * pixels * count
    along = (round(pixels**0.5) - 64) / settings["stride"] + 1
    of_patch = 0.63 * settings["mapping_steps"] if method == "anogan" else 7
    return _GMAC * of_patch * full(settings) * max(along, 1) ** 2 * count
