# What Snakemake does not tell, or not in words: folders that cannot be written, and jobs that fail in a quiet run.

from snakemake.logging import logger
from snakemake.settings.enums import Quietness

from support.failed_jobs import FailedJobs
from fundus_anomaly.errors import OutputError
from fundus_anomaly.files.unwritable import require_writable

if workflow.is_main_process and Quietness.RULES in (workflow.output_settings.quiet or ()):
    logger.addHandler(FailedJobs(logger))


# Snakemake removes old outputs before a job. Where it may not, it ends in a traceback, and all other jobs with it.
onstart:
    try:
        require_writable(
            (job.rule.name, Path(str(file)))
            for job in workflow.dag.needrun_jobs()
            for file in [*job.output, *job.log, *([job.benchmark] if job.benchmark else [])]
        )
        require_room()
        before_start()
    except OutputError as error:
        raise WorkflowError(str(error))
