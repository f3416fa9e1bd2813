# The photographs that a detector is to judge, and what judging them asks for.

from fundus_anomaly.predict.photographs import detector_file, known_states, new_photographs, unseen
from support.library_versions import versions_of
from support.private import private

DETECTOR = or_stop(detector_file, config["detector"])
PHOTOGRAPHS = or_stop(new_photographs, DATA_ROOT, RESULTS)
if workflow.is_main_process:
    for note in PHOTOGRAPHS.notes:
        logger.warning(note)
    count = len(PHOTOGRAPHS.paths)
    logger.warning(
        f"{unseen(PHOTOGRAPHS.paths, known_states(f'{RESULTS}/judged.csv'))} of {count} photographs are new."
    )


def judge_mb(wildcards, threads):
    """Return MB: torch, a photograph's features, and the detector's bank in float32 beside what is searched."""
    return 1500 + 4 * Path(DETECTOR).stat().st_size / 10**6


def judge_seconds(wildcards):
    return 60 + 20 * len(PHOTOGRAPHS.paths)
