import sys
from pathlib import Path

import yaml
from snakemake.utils import min_version, update_config, validate

min_version("9.0")


configfile: "config.yaml"


SCHEMA = "workflow/schemas/config.schema.yaml"
sys.path.insert(0, str(Path(workflow.basedir) / "workflow" / "scripts"))

from fundus_anomaly.command_line_config import typed
from fundus_anomaly.config_check import require_bounded, require_valid
from fundus_anomaly.errors import InputError

# Every wrong key at once; Snakemake's own check knows only the first, and fills in the defaults.
schema = yaml.safe_load((Path(workflow.basedir) / SCHEMA).read_text(encoding="utf-8"))
try:
    require_bounded(config)
    update_config(config, typed(workflow.config_settings.config or {}, schema))
    require_valid(config, schema)
except InputError as error:
    raise WorkflowError(str(error))
validate(config, SCHEMA)


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
