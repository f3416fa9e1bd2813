# Whether a photograph can be judged: limits of the training normals, then what is said of the test.


rule normal_quality:
    input:
        images=f"{RESULTS}/images/{RUN.measured}/train.h5",
        left_out=f"{RESULTS}/audit/left_out.csv",
    output:
        photographs=f"{RESULTS}/quality/train.csv",
        normals=f"{RESULTS}/quality/normals.csv",
    log:
        f"{RESULTS}/logs/normal_quality.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(FILE_NEEDS.quality_mb),
        runtime=minutes(FILE_NEEDS.normal_quality_seconds),
    params:
        code=code("normal_quality.py"),
        options=config["quality"],
    script:
        "../scripts/normal_quality.py"


rule quality:
    input:
        images=f"{RESULTS}/images/{RUN.measured}/test.h5",
        normals=f"{RESULTS}/quality/normals.csv",
        left_out=f"{RESULTS}/audit/left_out.csv",
    output:
        photographs=f"{RESULTS}/quality/test.csv",
        summary=f"{RESULTS}/quality/summary.csv",
    log:
        f"{RESULTS}/logs/quality.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(FILE_NEEDS.quality_mb),
        runtime=minutes(FILE_NEEDS.quality_seconds),
    params:
        code=code("quality.py"),
        options=config["quality"],
    script:
        "../scripts/quality.py"
