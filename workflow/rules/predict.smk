# A folder of photographs, judged by a detector that was trained before: each photograph once, whatever else lies there.

from fundus_anomaly.predict.photographs import detector_file, known_states, new_photographs, unseen
from support.private import private

DETECTOR = or_stop(detector_file, config["detector"])
PHOTOGRAPHS = or_stop(new_photographs, DATA_ROOT, RESULTS)
if workflow.is_main_process:
    count = len(PHOTOGRAPHS.paths)
    logger.warning(
        f"{unseen(PHOTOGRAPHS.paths, known_states(f'{RESULTS}/judged.csv'))} of {count} photographs are new."
    )


def judge_mb(wildcards, threads):
    """Return MB: torch, a photograph's features, and the detector's bank in float32 beside what is searched."""
    return 1500 + 4 * Path(DETECTOR).stat().st_size / 10**6


def judge_seconds(wildcards):
    return 60 + 20 * len(PHOTOGRAPHS.paths)


rule judge:
    input:
        photographs=lambda wildcards: PHOTOGRAPHS.paths,
        detector=DETECTOR,
        code=code("judge.py"),
    output:
        judged=f"{RESULTS}/judged.csv",
    log:
        f"{RESULTS}/logs/judge.log",
    benchmark:
        f"{RESULTS}/benchmarks/judge.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: all_cores
    resources:
        gpu=1,
        mem_mb=memory(judge_mb),
        runtime=minutes(judge_seconds),
    params:
        ids=lambda wildcards: private(PHOTOGRAPHS.ids),
        store=f"{RESULTS}/judged",
    script:
        "../scripts/judge.py"


rule predictions:
    input:
        judged=f"{RESULTS}/judged.csv",
        detector=DETECTOR,
        code=code("predictions.py"),
    output:
        table=f"{RESULTS}/images.csv",
        page=directory(f"{RESULTS}/pages"),
    log:
        f"{RESULTS}/logs/predictions.log",
    localrule: True
    conda:
        "../../envs/gpu.yaml"
    params:
        store=f"{RESULTS}/judged",
        title=config["experiment"] or "Photographs",
        refused=lambda wildcards: private([list(one) for one in PHOTOGRAPHS.refused]),
    script:
        "../scripts/predictions.py"


rule predict:
    default_target: True
    input:
        rules.predictions.output,
