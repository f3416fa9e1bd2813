"""All that knows Snakemake: how a rule's script runs, how configuration is read, what outputs are compared with."""
