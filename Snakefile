import os
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")

if not hasattr(workflow.current_basedir, "__fspath__"):
    raise WorkflowError("This workflow needs its library beside it: clone it, and name the Snakefile of the clone.")
# The folder of this file, wherever Snakemake is started and whatever workflow takes this one as a module.
PROJECT = Path(os.fspath(workflow.current_basedir))


configfile: str(PROJECT / "config.yaml")


# Where the library and the workflow's own modules lie.
PYTHON_FOLDERS = [PROJECT / "workflow", PROJECT / "src"]
sys.path[:0] = map(str, PYTHON_FOLDERS)

from support.python_path import pass_on

pass_on(PYTHON_FOLDERS)


include: "workflow/rules/configuration.smk"


report: "workflow/report/workflow.rst"


include: "workflow/rules/failures.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/dataset.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/images.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/memory.smk"
include: "workflow/rules/scoring.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/lesionpaste_runs.smk"
include: "workflow/rules/lesionpaste.smk"


rule all:
    default_target: True
    input:
        rules.audit.output,
        rules.resad.input,
        rules.ablations.input,
        lesionpaste_results if SOURCES else [],


include: "workflow/rules/lineage.smk"
