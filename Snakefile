from snakemake.utils import min_version, validate

min_version("9.0")


configfile: "config.yaml"


validate(config, "workflow/schemas/config.schema.yaml")


report: "workflow/report/workflow.rst"


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
