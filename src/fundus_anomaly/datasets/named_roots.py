"""Folders that data lie in, kept out of what is written: where a clinic keeps its photographs is nobody's business."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from fundus_anomaly.datasets.refused import shown_path


def below_root(path: str, root: str) -> str:
    """Return a path as it is below the folder that data lie in; of one elsewhere on the machine the name alone.

    Args:
        path: Of a photograph.
        root: The folder.
    """
    if Path(path).is_relative_to(root):
        return str(Path(path).relative_to(root))
    return Path(path).name if Path(path).is_absolute() else path


def with_paths_below(manifest: pd.DataFrame, root: str) -> pd.DataFrame:
    """Return a manifest whose column ``path`` is :func:`below_root`."""
    return manifest.assign(path=[below_root(path, root) for path in manifest["path"]])


def without_roots(text: str, roots: Mapping[str, str]) -> str:
    """Return a text with the paths in it relative to the folders that data lie in.

    Args:
        text: Any, as ``/clinic/photographs/1.jpg: a file of 0 bytes.``
        roots: What each folder is called where it stands alone, by its path: ``data_root`` for instance. Relative
            paths, which tell nothing of the machine, stay as they are.
    """
    for root, name in sorted(roots.items(), key=lambda item: -len(item[0])):
        path = root.rstrip("/")
        if not path or not Path(path).is_absolute():
            continue
        # A path may stand there as it is, escaped, or as Python writes it.
        for form in {path, shown_path(path), repr(path)[1:-1]}:
            text = re.sub(rf"{re.escape(form)}/+(?=[^\s/])", "", text)
            text = re.sub(rf"{re.escape(form)}(?![\w.-])/?", name.replace("\\", r"\\"), text)
    return text
