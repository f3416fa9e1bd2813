"""Refuses settings with which a compared method would not be what its row says, before the first job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fundus_anomaly.errors import Problem

_PAPERS_SIDE = 768


def compared_problems(config: Mapping) -> Iterator[Problem]:
    """Yield each contradiction between ``compared`` and the settings of its methods, or of one of their rows.

    Args:
        config: The configuration, valid and with its defaults.
    """
    size = config["compared"]["size"]
    for method in config["compared"]["methods"]:
        if method == "auto_encoder" and size == _PAPERS_SIDE:
            remedy = "set compared.size to 64, 128, 256 or 512, or leave auto_encoder out of compared.methods"
            yield Problem("config, compared.size", str(size), "8 times a power of 2 for auto_encoder", remedy)
        if method == "wdmt_net":
            for where, settings in _sections(config, method):
                yield from _of_wdmt_net(where, settings, size)


def _sections(config: Mapping, method: str) -> Iterator[tuple[str, Mapping]]:
    """Yield a method's settings and those of each of its rows, with their place in the configuration."""
    section = config["methods"][method]
    yield f"methods.{method}", section
    for number, row in enumerate(section["rows"]):
        yield f"methods.{method}.rows[{number}]", section | row


def _of_wdmt_net(where: str, settings: Mapping, size: int) -> Iterator[Problem]:
    if settings["protocol"] == "paper" and size != _PAPERS_SIDE:
        found = f"paper, with photographs of {size}×{size} pixels (compared.size): it would enlarge what was reduced"
        remedy = f"set compared.size to {_PAPERS_SIDE}, in a run without auto_encoder, or protocol to common"
        yield Problem(f"config, {where}.protocol", found, f"photographs of {_PAPERS_SIDE}×{_PAPERS_SIDE}", remedy)
    fading, epochs = settings["fading"], settings["epochs"]
    # As the network's weight of its skip connections is computed, less the rounding of 1/3 and its like.
    if 1 - fading * epochs > 1e-6:
        found = f"{fading:g} in each of {epochs} epochs: skip connections are left, through which a lesion is copied"
        remedy = f"raise fading to {1 / epochs:.3g} or more, or epochs"
        yield Problem(f"config, {where}.fading", found, "fading · epochs of at least 1", remedy)
