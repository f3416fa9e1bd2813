"""Snakemake where nothing is installed but what it and pandas bring: python bare_snakemake.py ARGUMENTS."""

import importlib.abc
import importlib.metadata
import sys
from collections import defaultdict

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

WITH = ("snakemake", "pandas")


def brought(names):
    """Return the distributions that installing others brings along, themselves included."""
    found, waiting = set(), [canonicalize_name(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            requirements = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        found.add(name)
        needed = [Requirement(text) for text in requirements]
        waiting += [
            canonicalize_name(one.name) for one in needed if not one.marker or one.marker.evaluate({"extra": ""})
        ]
    return found


class Missing(importlib.abc.MetaPathFinder):
    """Finds nothing of the modules that only other distributions hold."""

    def __init__(self):
        owners = defaultdict(set)
        for module, distributions in importlib.metadata.packages_distributions().items():
            owners[module] |= {canonicalize_name(name) for name in distributions}
        # Snakemake imports every plugin that it finds: executors for clusters are part of it, with what they need.
        plugins = {name for names in owners.values() for name in names if name.startswith("snakemake-")}
        there = brought(WITH) | brought(plugins)
        self.names = {module for module, names in owners.items() if not names & there}
        self.names -= {"fundus_anomaly", "packaging"}

    def find_spec(self, name, path, target=None):
        """Raise for a module that such an environment lacks."""
        if name.split(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r} beside Snakemake and pandas", name=name)


if __name__ == "__main__":
    sys.meta_path.insert(0, Missing())
    assert {"torch", "h5py", "PIL", "cv2", "nibabel"} <= sys.meta_path[0].names
    from snakemake.cli import main

    main(sys.argv[1:])
