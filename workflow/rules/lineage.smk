# Whose the results are, and whether they are what this run would make. Included last: it looks at all rules.

import asyncio

from snakemake_interface_executor_plugins.settings import SharedFSUsage

from fundus_anomaly.files.carried import carried_by
from fundus_anomaly.files.provenance import carriers
from support.lineage import Lineage
from support.results_folder import record_data, require_below, require_own, require_same_data

LINEAGE = Lineage(workflow, RESULTS, PROJECT)
# A job elsewhere that gets copies of its inputs cannot compare them with the originals, and a module of another workflow
# has no say in what happens when a run starts: there Snakemake's records alone count.
STORAGE = workflow.storage_settings
LOCAL_FILES = SharedFSUsage.INPUT_OUTPUT in STORAGE.shared_fs_usage and STORAGE.default_storage_provider is None
SHARED = LOCAL_FILES and workflow.modifier.is_main_snakefile()
if SHARED:
    LINEAGE.attach()


def written_by(rule):
    """Return all that a rule writes, as paths or patterns."""
    return [str(file) for file in [*rule.output, *rule.log, *([rule.benchmark] if rule.benchmark else [])]]


RULES = [rule for rule in workflow.rules if Path(str(rule.snakefile)).is_relative_to(PROJECT)]
# With a storage plugin Snakemake puts another folder before all paths.
if LOCAL_FILES:
    or_stop(require_below, RESULTS, [(rule.name, file) for rule in RULES for file in written_by(rule)])
if workflow.is_main_process:
    or_stop(require_same_data, Path(RESULTS), DATA, DATA_ROOT)


def carries(file):
    """Return whether a file says what made it."""
    try:
        return carried_by(file) is not None
    except OSError:
        return False


def made_here(job):
    """Return whether a file at the place of a job's output was made by this workflow."""
    persistence = workflow.persistence
    unfinished = set(map(str, asyncio.run(persistence.incomplete(job))))
    recorded = {str(output) for output in job.output if persistence.metadata(output) is not None}
    # Of very many outputs one carries what made them all.
    recorded_beside = len(job.output) > len(carriers(job.output)) and any(map(carries, carriers(job.output)))
    return lambda file: file in recorded or file in unfinished or recorded_beside or carries(file)


def before_start():
    """Refuse to overwrite what the workflow did not make; leave for the jobs what was planned."""
    jobs = [job for job in workflow.dag.needrun_jobs() if job.output]
    there = [job for job in jobs if any(os.path.lexists(output) for output in job.output)]
    or_stop(require_own, [(list(map(str, job.output)), made_here(job)) for job in there])
    or_stop(record_data, Path(RESULTS), DATA, DATA_ROOT)
    if SHARED:
        LINEAGE.write_plan(jobs)
