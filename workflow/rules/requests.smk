# How jobs ask for what they need: of threads, memory and time.

from math import ceil

DAY = 24 * 60
# A job holds up to two processes of Snakemake beside the script, 190 MB each.
SNAKEMAKE = 400


def all_cores(wildcards):
    """Return a rule's threads: all. A function, since only a run has cores; --unlock, --dag and --summary have none."""
    return workflow.cores


def shared_cores(wildcards):
    """Return the threads of what may have a GPU, all or its share where several such jobs may run at once."""
    limit = workflow.global_resources.get("gpu")
    # A cluster has no limit on jobs with a GPU, and none on cores.
    at_once = limit.value if limit is not None and limit.value else 1
    return max(1, workflow.cores // at_once) if workflow.cores else workflow.cores


def after_the_bank(wildcards):
    """Return a rule's priority: lower for the test, whose features wait for the bank of the train's."""
    return -1 if wildcards.split == "test" else 0


def memory(megabytes):
    """Return a rule's `mem_mb`: half as much again as measured, and as much again with each further attempt."""

    def mem_mb(wildcards, threads, attempt):
        return ceil((SNAKEMAKE + 1.5 * megabytes(wildcards, threads)) / 100) * 100 * attempt

    return mem_mb


def minutes(seconds):
    """Return a rule's `runtime`: ten minutes and thrice the CPU time measured, and as much again with each attempt.

    At most a day an attempt: coreset and training resume from their checkpoints when a job is repeated.
    """

    def runtime(wildcards, attempt):
        return min(10 + ceil(3 * seconds(wildcards) / 60), DAY) * attempt

    return runtime
