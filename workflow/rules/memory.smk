# The features of normal images to a memory bank of those that represent them all.


rule coreset:
    input:
        features=f"{RESULTS}/resc/{RESC_SPACE.wildcard_pattern}/train.h5",
    output:
        coreset=f"{RESULTS}/bank/{BANK_SPACE.wildcard_pattern}/coreset.h5",
    log:
        f"{RESULTS}/logs/coreset/{BANK_SPACE.wildcard_pattern}.log",
    benchmark:
        f"{RESULTS}/benchmarks/coreset/{BANK_SPACE.wildcard_pattern}.tsv"
    priority: 1
    conda:
        "../../envs/gpu.yaml"
    threads: shared_cores
    resources:
        gpu=1,
        mem_mb=memory(RESAD_NEEDS.coreset_mb),
        runtime=minutes(RESAD_NEEDS.coreset_seconds),
    params:
        code=code("coreset.py"),
        fractions=fractions_of,
        train=rows("train", ["id", "patient"]),
        epsilon=config["bank"]["epsilon"],
        seed=config["seed"],
    script:
        "../scripts/coreset.py"


rule memory_bank:
    input:
        features=f"{RESULTS}/resc/{RESC_SPACE.wildcard_pattern}/train.h5",
        coreset=f"{RESULTS}/bank/{BANK_SPACE.wildcard_pattern}/coreset.h5",
    output:
        bank=f"{RESULTS}/bank/{BANK_SPACE.wildcard_pattern}/memory_bank.h5",
    log:
        f"{RESULTS}/logs/memory_bank/{BANK_SPACE.wildcard_pattern}.log",
    priority: 1
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(RESAD_NEEDS.memory_bank_mb),
        runtime=minutes(RESAD_NEEDS.memory_bank_seconds),
    params:
        code=code("memory_bank.py"),
    script:
        "../scripts/memory_bank.py"


# ReSAD as one file, which a program of one's own can load.
rule detector:
    input:
        bank=variant_paths([variants.RESAD], f"{RESULTS}/bank/{{variant}}/memory_bank.h5")[0],
        maps=variant_paths([variants.RESAD], f"{RESULTS}/scores/{{variant}}/{CALIBRATED}/calibration.h5")[0],
        normals=variant_paths([variants.RESAD], f"{RESULTS}/scores/{{variant}}/calibration.csv")[0],
        calibrated=variant_paths([variants.RESAD], f"{RESULTS}/scores/{{variant}}/{CALIBRATED}/calibration.csv")[0],
        positions=variant_paths([variants.RESAD], f"{RESULTS}/scores/{{variant}}/{CALIBRATED}/positions.h5")[0],
        images=f"{RESULTS}/images/resad/train.h5",
        quality=f"{RESULTS}/quality/normals.csv",
        weights=f"{RESULTS}/weights/{config['backbone']['name']}.weights",
    output:
        detector=f"{RESULTS}/detector.h5",
    log:
        f"{RESULTS}/logs/detector.log",
    localrule: True
    conda:
        "../../envs/gpu.yaml"
    params:
        code=code("detector.py"),
        train=rows("train", ["id", "patient"]),
        own_weights=config["backbone"]["weights"] != "",
        dataset=config["dataset"],
        libraries=lambda wildcards: sorted(imports_of([SCRIPTS / "detector.py"], PYTHON_FOLDERS)[1]),
        settings=RUN.detector_settings,
        trained=RUN.detector_facts,
        quality=config["quality"],
    script:
        "../scripts/detector.py"
