# What a run will take of disk, memory and time: printed by `snakemake -n`, and a run that does not fit is not started.

import atexit
import shutil

from fundus_anomaly.plan.forecast import Job, forecast, require_disk

# Bytes of a rule's outputs, and the seconds that it takes. What a detector says of photographs takes next to nothing.
FORECAST = (
    {}
    if config["detector"]
    else {
        "images": (FILE_NEEDS.images_bytes, FILE_NEEDS.images_seconds),
        "features": (RESAD_NEEDS.features_bytes, RESAD_NEEDS.features_seconds),
        "resc": (RESAD_NEEDS.resc_bytes, RESAD_NEEDS.resc_seconds),
        "coreset": (None, RESAD_NEEDS.coreset_seconds),
        "memory_bank": (RESAD_NEEDS.memory_bank_bytes, RESAD_NEEDS.memory_bank_seconds),
        "score": (None, RESAD_NEEDS.score_seconds),
        "calibrate": (None, RESAD_NEEDS.calibrate_seconds),
        "score_lesioned": (None, RESAD_NEEDS.score_lesioned_seconds),
        "evaluate_lesioned": (None, RESAD_NEEDS.evaluate_lesioned_seconds),
        "evaluate": (None, RESAD_NEEDS.evaluate_seconds),
        "train": (None, LESIONPASTE_NEEDS.train_seconds),
        "classify": (None, LESIONPASTE_NEEDS.classify_seconds),
        "fit": (None, fit_seconds),
        "apply": (None, apply_seconds),
    }
)


def forecast_of(job):
    """Return what one of Snakemake's jobs takes."""
    size, seconds = FORECAST.get(job.rule.name, (None, None))
    bytes_out = size(job.wildcards) if size else 0
    passes = job.rule.name in ("features", "resc") and job.rule.name not in config["keep"]
    return Job(
        stage=job.rule.name,
        stays=0 if passes else bytes_out,
        passing=bytes_out if passes else 0,
        alone=job.rule.name == "resc",
        scratch=RESAD_NEEDS.coreset_scratch(job.wildcards) if job.rule.name == "coreset" else 0,
        memory=float(job.resources.get("mem_mb", 0)),
        seconds=seconds(job.wildcards) if seconds else 0,
    )


def planned_jobs():
    """Return the jobs that are to run and make something, stages in their order."""
    order = {stage: place for place, stage in enumerate(FORECAST)}
    jobs = [job for job in workflow.dag.needrun_jobs(exclude_finished=False) if job.output]
    return sorted(jobs, key=lambda job: (order.get(job.rule.name, len(order)), job.rule.name))


def require_room():
    """Stop a run that does not fit on the disk.

    One that writes elsewhere, or nothing, is not looked at, nor one whose features are as wide as a user's own graph.
    """
    if workflow.touch or not LOCAL_FILES or config["backbone"]["name"] == "onnx":
        return
    jobs = planned_jobs()
    there = [Path(str(file)) for job in jobs for file in job.output if os.path.isfile(str(file))]
    freed = sum(file.stat().st_size for file in there)
    # The results may be a link to another disk.
    there_already = next(folder for folder in (Path(RESULTS), *Path(RESULTS).parents) if folder.exists())
    free = shutil.disk_usage(there_already).free
    or_stop(require_disk, [forecast_of(job) for job in jobs], free, str(Path.cwd()), freed, config["keep"])


def print_forecast():
    """Print what a dry run has planned; at its end, since nothing else of this file runs after the plan."""
    if workflow.dryrun and workflow.dag is not None:
        if text := forecast([forecast_of(job) for job in planned_jobs()]):
            print(text, file=sys.stderr)


if workflow.is_main_process and workflow.modifier.is_main_snakefile():
    atexit.register(print_forecast)
