"""What a table says of how a compared method's row was made, from the configuration alone."""

from __future__ import annotations

from collections.abc import Mapping

OWN_PAPER, COMMON = "own paper", "common protocol"


def row_facts(row: Mapping, side: int, network: str, published: Mapping[str, object]) -> dict[str, object]:
    """Return the facts of a row, by the names of their columns.

    Args:
        row: From :func:`.compared.expand`.
        side: Side of the photographs that the method sees, in pixels.
        network: Name of the network that it starts from, or an empty string.
        published: Values of its paper, or of its authors' code: of its settings, and ``size`` and ``network`` where the
            paper has one.

    Returns:
        ``protocol``, :data:`OWN_PAPER` if nothing differs from the published values, else :data:`COMMON`;
        ``differs_from_paper``, the names of what does; ``training``, how long it is trained; ``size``; ``network``.
    """
    found = {**row["settings"], "size": side, "network": network}
    differs = [name for name, value in published.items() if found[name] != value]
    return {
        "protocol": COMMON if differs else OWN_PAPER,
        "differs_from_paper": ", ".join(differs),
        "training": _training(row["settings"]),
        "size": side,
        "network": network,
    }


def _training(settings: Mapping[str, object]) -> str:
    """Return the length of a training in its method's own unit."""
    if "epochs" in settings:
        return f"{settings['epochs']} epochs"
    steps = {name: value for name, value in settings.items() if name in ("steps", "generator_steps", "encoder_steps")}
    return " + ".join(f"{value} {name.replace('_', ' ')}" for name, value in steps.items())
