# The workflow lies where Snakemake's catalogue and `module:` look for it; this file lets `snakemake` run from here.


include: "workflow/Snakefile"


# Snakemake takes no default target from a file that is included.
workflow.default_target = "all"
