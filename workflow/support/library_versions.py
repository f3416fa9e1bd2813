"""The versions of the libraries that decide values, by the name that they are imported by."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Collection
from functools import cache

# Distributions whose name is not that of the package that is imported.
_DISTRIBUTIONS = {
    "PIL": ("pillow",),
    "cv2": ("opencv-python-headless", "opencv-python"),
    "faiss": ("faiss-gpu", "faiss-cpu"),
    "imagehash": ("ImageHash",),
    "markdown_it": ("markdown-it-py",),
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu"),
    "sklearn": ("scikit-learn",),
}
NOT_INSTALLED = "not installed"
# They decide no value: containers, progress bars, and what is not installed on its own.
_NO_VALUES = {"h5py", "tqdm", "snakemake", "fundus_anomaly"}


def versions_of(packages: Collection[str]) -> dict[str, str]:
    """Return the version of each package that is from elsewhere and decides values.

    Args:
        packages: Names that are imported.
    """
    return {name: _version(name) for name in sorted(set(packages) - sys.stdlib_module_names - _NO_VALUES)}


def installed_versions(packages: Collection[str]) -> dict[str, str]:
    """Return :func:`versions_of` those that this Python has; the one that planned a job may have others, or none."""
    return {name: version for name, version in versions_of(packages).items() if version != NOT_INSTALLED}


@cache
def _version(package: str) -> str:
    for name in _DISTRIBUTIONS.get(package, (package,)):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return NOT_INSTALLED
