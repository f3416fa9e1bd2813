# Distances to the memory bank: of the test images, and of normals for the calibrated threshold.


rule score:
    input:
        features=f"{RESULTS}/resc/{RESC_SPACE.wildcard_pattern}/test.h5",
        images=f"{RESULTS}/images/resad/test.h5",
        bank=bank_to_search,
    output:
        maps=f"{RESULTS}/scores/{BANK_SPACE.wildcard_pattern}/test.h5",
        scores=f"{RESULTS}/scores/{BANK_SPACE.wildcard_pattern}/test.csv",
    log:
        f"{RESULTS}/logs/score/{BANK_SPACE.wildcard_pattern}.log",
    benchmark:
        f"{RESULTS}/benchmarks/score/{BANK_SPACE.wildcard_pattern}.tsv"
    priority: 1
    conda:
        "../../envs/gpu.yaml"
    threads: shared_cores
    resources:
        gpu=1,
        mem_mb=memory(RESAD_NEEDS.score_mb),
        runtime=minutes(RESAD_NEEDS.score_seconds),
    params:
        code=code("score.py"),
        seed=config["seed"],
        image_size=RUN.image_size,
        search=RUN.index,
        scores=RUN.scores,
        switches={},
    script:
        "../scripts/score.py"


# Normals scored against the bank without any entry of their own patient: they stand for normals never seen.
rule calibrate:
    input:
        features=f"{RESULTS}/resc/{RESC_SPACE.wildcard_pattern}/train.h5",
        images=f"{RESULTS}/images/resad/train.h5",
        bank=bank_to_search,
    output:
        maps=f"{RESULTS}/scores/{BANK_SPACE.wildcard_pattern}/calibration.h5",
        scores=f"{RESULTS}/scores/{BANK_SPACE.wildcard_pattern}/calibration.csv",
    log:
        f"{RESULTS}/logs/calibrate/{BANK_SPACE.wildcard_pattern}.log",
    benchmark:
        f"{RESULTS}/benchmarks/calibrate/{BANK_SPACE.wildcard_pattern}.tsv"
    priority: 1
    conda:
        "../../envs/gpu.yaml"
    threads: shared_cores
    resources:
        gpu=1,
        mem_mb=memory(RESAD_NEEDS.score_mb),
        runtime=minutes(RESAD_NEEDS.calibrate_seconds),
    params:
        code=code("calibrate.py"),
        train=rows("train", ["id", "patient"]),
        images=config["evaluation"]["calibration_images"],
        seed=config["seed"],
        image_size=RUN.image_size,
        search=RUN.index,
        scores=RUN.scores,
        switches={},
    script:
        "../scripts/calibrate.py"


# Further rows of PatchCore, of the table with other methods alone: what its published code does beyond the row of ours.
# Scores of the same bank, or of one of features of another length.


rule score_patchcore:
    input:
        features=features_of_switched("test"),
        images=f"{RESULTS}/images/resad/test.h5",
        bank=of_switched(bank_to_search),
    output:
        maps=f"{RESULTS}/scores/patchcore/{{row}}/test.h5",
        scores=f"{RESULTS}/scores/patchcore/{{row}}/test.csv",
    log:
        f"{RESULTS}/logs/score/patchcore/{{row}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/score/patchcore/{{row}}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: shared_cores
    resources:
        gpu=1,
        mem_mb=memory(of_switched(RESAD_NEEDS.score_mb)),
        runtime=minutes(of_switched(RESAD_NEEDS.score_seconds)),
    params:
        code=code("score.py"),
        seed=config["seed"],
        image_size=RUN.image_size,
        search=RUN.index,
        scores=RUN.scores,
        switches=lambda wildcards: RUN.further[wildcards.row]["settings"],
    script:
        "../scripts/score.py"


rule calibrate_patchcore:
    input:
        features=features_of_switched("train"),
        images=f"{RESULTS}/images/resad/train.h5",
        bank=of_switched(bank_to_search),
    output:
        maps=f"{RESULTS}/scores/patchcore/{{row}}/calibration.h5",
        scores=f"{RESULTS}/scores/patchcore/{{row}}/calibration.csv",
    log:
        f"{RESULTS}/logs/calibrate/patchcore/{{row}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/calibrate/patchcore/{{row}}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: shared_cores
    resources:
        gpu=1,
        mem_mb=memory(of_switched(RESAD_NEEDS.score_mb)),
        runtime=minutes(of_switched(RESAD_NEEDS.calibrate_seconds)),
    params:
        code=code("calibrate.py"),
        train=rows("train", ["id", "patient"]),
        images=config["evaluation"]["calibration_images"],
        seed=config["seed"],
        image_size=RUN.image_size,
        search=RUN.index,
        scores=RUN.scores,
        switches=lambda wildcards: RUN.further[wildcards.row]["settings"],
    script:
        "../scripts/calibrate.py"


# The same maps by position: how far above what normals have there. A row of its own beside the paper's.
rule calibrated_maps:
    input:
        maps=f"{RESULTS}/scores/{BANK_SPACE.wildcard_pattern}/test.h5",
        calibration_maps=f"{RESULTS}/scores/{BANK_SPACE.wildcard_pattern}/calibration.h5",
        images=f"{RESULTS}/images/resad/test.h5",
        train_images=f"{RESULTS}/images/resad/train.h5",
    output:
        maps=f"{RESULTS}/scores/{BANK_SPACE.wildcard_pattern}/{CALIBRATED}/test.h5",
        scores=f"{RESULTS}/scores/{BANK_SPACE.wildcard_pattern}/{CALIBRATED}/test.csv",
        calibration_maps=f"{RESULTS}/scores/{BANK_SPACE.wildcard_pattern}/{CALIBRATED}/calibration.h5",
        calibration_scores=f"{RESULTS}/scores/{BANK_SPACE.wildcard_pattern}/{CALIBRATED}/calibration.csv",
        positions=f"{RESULTS}/scores/{BANK_SPACE.wildcard_pattern}/{CALIBRATED}/positions.h5",
    log:
        f"{RESULTS}/logs/calibrated_maps/{BANK_SPACE.wildcard_pattern}.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(RESAD_NEEDS.calibrated_maps_mb),
        runtime=minutes(RESAD_NEEDS.calibrated_maps_seconds),
    params:
        code=code("calibrated_maps.py"),
        train=rows("train", ["id", "patient"]),
        options={key: config["calibration"][key] for key in ("smoothing", "shrinkage", "floor")},
        scores=RUN.scores,
    script:
        "../scripts/calibrated_maps.py"
