"""A fitted detector as a file: its tensors as safetensors, no pickle, with the method and its settings beside them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.checksummed import checksummed, require_unchanged
from fundus_anomaly.methods.interface import Detector, Work
from fundus_anomaly.methods.named import method_named

_FORMAT = "fundus-anomaly detector 1"


def write_detector(path: str | os.PathLike[str], method: str, settings: object, size: int, detector: Detector) -> None:
    """Write a detector, whole or not at all.

    Args:
        path: The file.
        method: Name of the method's module.
        settings: Its settings, a dataclass.
        size: Side of the photographs that it was fitted with.
        detector: What it has learned.
    """
    tensors = {name: value.detach().cpu().contiguous() for name, value in detector.state().items()}
    about = {"method": method, "size": size, "settings": asdict(settings)}
    with checksummed(path) as temporary:
        # One entry: of several the order in the file is not always the same.
        save_file(tensors, str(temporary), {_FORMAT: json.dumps(about, sort_keys=True)})


def read_detector(path: str | os.PathLike[str], work: Work) -> tuple[Detector, int]:
    """Return a detector from its file, and the side of the photographs that it takes.

    Args:
        path: As :func:`write_detector` wrote it.
        work: The device that it is to work on.

    Raises:
        InputError: If the file is damaged or none of a detector.
    """
    path = Path(path)
    require_unchanged(path)
    try:
        with safe_open(str(path), "pt") as file:
            about = file.metadata() or {}
            if _FORMAT not in about:
                raise ValueError(f"its metadata has no {_FORMAT!r}")
            stored = json.loads(about[_FORMAT])
            # Copies: where in memory a tensor begins may decide how a CPU multiplies it, and with it the last bit.
            state = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 - no mapping
        method, size = method_named(str(stored["method"])), int(stored["size"])
        return method.read(state, size, method.settings(**stored["settings"]), work), size
    except InputError as error:
        raise InputError([replace(problem, where=str(path)) for problem in error.problems]) from error
    except Exception as error:  # a foreign file may be wrong in whatever it says; each means the same to the user
        remedy = f"delete {path} and run the same command again; the workflow makes it again"
        found = f"no detector ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
        raise InputError(Problem(str(path), found, "a detector as it was written", remedy)) from error
