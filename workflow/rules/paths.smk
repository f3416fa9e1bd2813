# Where results lie, and the library modules that a script runs through.

import os
import sys
from functools import cache
from pathlib import Path

from fundus_anomaly.errors import InputError
from support.code_digest import code_digest
from support.import_closure import imports_of, named_modules
from support.import_statements import remember

SCRIPTS = PROJECT / "workflow" / "scripts"
LIBRARY = PROJECT / "src" / "fundus_anomaly"
remember(PYTHON_FOLDERS, Path(".snakemake/imports.json"))
# What the run is about: a dataset, or whatever photographs a trained detector is to judge.
DATA = "new photographs" if config["detector"] else config["dataset"]
RESULTS = f"results/{config['experiment'] or DATA.replace(' ', '_')}"
# Where slices are cut to, from volumes of the run's own dataset and of one that only gives annotated images.
SLICES, SOURCE_SLICES = f"{RESULTS}/slices", f"{RESULTS}/source_slices"
# The phantom is drawn there: it is an output, and below the results like all others.
DATA_ROOT = f"{RESULTS}/data" if DATA == "phantom" else config["data_root"] or "."


def kept(stage, pattern):
    """Return the path of a stage's output, marked as temporary if the configuration does not keep it."""
    return pattern if stage in config["keep"] else temp(pattern)


def or_stop(function, *arguments):
    """Return a function's result; an error in the user's input stops the workflow in its own words."""
    try:
        return function(*arguments)
    except InputError as error:
        raise WorkflowError(str(error))


@cache
def from_here(file):
    """Return a file's path relative to the working folder if it lies below it, so that a moved run stays valid."""
    file = file.resolve()
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)


def code(script):
    """Return a function that gives, as a parameter, what a script and the modules that it runs through hold.

    Of a method that a wildcard names, its module is one of these: of the others' modules it depends on none.
    """

    def digest(wildcards):
        files, _ = imports_of((SCRIPTS / script, *named_modules(wildcards, PROJECT)), PYTHON_FOLDERS)
        return code_digest(files, PROJECT)

    return digest


# What the pages of photographs are made of beside code: template, style and scripts.
GALLERY = [from_here(file) for file in sorted((LIBRARY / "report" / "pages" / "gallery").iterdir())]
