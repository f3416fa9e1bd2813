#!/bin/sh
# Tells Snakemake how a job of SLURM is: running, success or failed. For another scheduler, replace the first command.
# squeue forgets a job MinJobAge seconds after its end; sacct, where there is accounting, does not.
state=$(squeue --noheader --states=all --format=%T --jobs="$1" 2>/dev/null)
test -n "$state" || state=$(sacct --noheader --allocations --format=State --jobs="$1" 2>/dev/null | head -n 1)
case "$state" in
    COMPLETED*) echo success ;;
    BOOT_FAIL* | CANCELLED* | DEADLINE* | FAILED* | NODE_FAIL* | OUT_OF_MEMORY* | PREEMPTED* | TIMEOUT*) echo failed ;;
    *) echo running ;;
esac
