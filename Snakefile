import os
import sys
from pathlib import Path

import yaml
from snakemake.common.configfile import load_configfile
from snakemake.logging import logger
from snakemake.utils import min_version

min_version("9.0")

if not hasattr(workflow.current_basedir, "__fspath__"):
    raise WorkflowError("This workflow needs its library beside it: clone it, and name the Snakefile of the clone.")
# The folder of this file, wherever Snakemake is started and whatever workflow takes this one as a module.
PROJECT = Path(os.fspath(workflow.current_basedir))


configfile: str(PROJECT / "config.yaml")


sys.path.insert(0, str(PROJECT / "workflow" / "scripts"))

from fundus_anomaly.command_line_config import require_given_once, typed
from fundus_anomaly.configuration import combined, unread
from fundus_anomaly.errors import InputError
from fundus_anomaly.settings_check import require_consistent
from fundus_anomaly.unique_keys import require_unique_entries, require_unique_keys
from given_options import given_options


def configuration():
    """Return this run's configuration and remarks on how it came about; all that is wrong with it is an error.

    Snakemake has read the same files, but merges them into each other, and keeps one of two equal keys or options.
    """
    schema = yaml.safe_load((PROJECT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    given, project = workflow.config_settings, PROJECT / "config.yaml"
    remarks = []
    if workflow.is_main_process:
        options = given_options(sys.argv)
        require_given_once(options)
        require_unique_entries(entry for entries in options["--config"] for entry in entries)
        require_unique_keys([project, *given.configfiles])
        if workflow.modifier.is_main_snakefile():
            remarks += unread(Path.cwd() / "config.yaml", project, given.configfiles)
    layers = [] if given.replace_workflow_config else [(str(project), load_configfile(project))]
    if workflow.modifier.skip_configfile:
        # The module statement of another workflow names a configuration; the command line belongs to that workflow.
        layers.append(("module", config))
    else:
        layers += [(str(file), load_configfile(file)) for file in given.configfiles]
        layers.append(("--config", typed(given.config or {}, schema)))
    result, replaced = combined(layers, schema)
    require_consistent(result, schema)
    return result, remarks + replaced


try:
    config, remarks = configuration()
except InputError as error:
    raise WorkflowError(str(error))
if workflow.is_main_process:
    for remark in remarks:
        logger.warning(remark)


report: "workflow/report/workflow.rst"


include: "workflow/rules/failures.smk"
include: "workflow/rules/common.smk"
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
