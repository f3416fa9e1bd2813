# Photographs to the backbone's levels, and those to ReSC's features.


# Runs where Snakemake was started, so that compute nodes need no network.
rule weights:
    input:
        file=weights_file,
    output:
        weights=f"{RESULTS}/weights/{{weights}}.weights",
    log:
        f"{RESULTS}/logs/weights/{{weights}}.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("weights.py"),
        name=lambda wildcards: RUN.weights[wildcards.weights]["name"],
        path=lambda wildcards: RUN.weights[wildcards.weights]["weights"],
        sha256=lambda wildcards: RUN.weights[wildcards.weights]["sha256"],
        section=lambda wildcards: RUN.weights[wildcards.weights]["sections"][0],
    script:
        "../scripts/weights.py"


rule features:
    input:
        images=f"{RESULTS}/images/resad/{{split}}.h5",
        weights=f"{RESULTS}/weights/{{backbone}}.weights",
    output:
        features=kept("features", f"{RESULTS}/features/backbone~{{backbone}}/{{split}}.h5"),
    log:
        f"{RESULTS}/logs/features/backbone~{{backbone}}/{{split}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/features/backbone~{{backbone}}/{{split}}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: shared_cores
    resources:
        gpu=1,
        mem_mb=memory(RESAD_NEEDS.features_mb),
        runtime=minutes(RESAD_NEEDS.features_seconds),
    params:
        **config["features"],
        code=code("features.py"),
        onnx=config["backbone"]["onnx"],
    script:
        "../scripts/features.py"


rule resc:
    input:
        features=f"{RESULTS}/features/backbone~{{backbone}}/{{split}}.h5",
    output:
        features=kept("resc", f"{RESULTS}/resc/{RESC_SPACE.wildcard_pattern}/{{split}}.h5"),
        # Small, and kept: what tables and figures say of the attention needs no features.
        attention=f"{RESULTS}/attention/{RESC_SPACE.wildcard_pattern}/{{split}}.h5",
    log:
        f"{RESULTS}/logs/resc/{RESC_SPACE.wildcard_pattern}/{{split}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/resc/{RESC_SPACE.wildcard_pattern}/{{split}}.tsv"
    # What uses the features of a variant comes before what makes more, and the test's are made last: where they are not
    # kept, those of one variant lie on the disk at a time.
    priority: after_the_bank
    conda:
        "../../envs/gpu.yaml"
    threads: shared_cores
    resources:
        gpu=1,
        mem_mb=memory(RESAD_NEEDS.resc_mb),
        runtime=minutes(RESAD_NEEDS.resc_seconds),
    params:
        code=code("resc.py"),
        resc=resc_of,
        dtype=config["features"]["dtype"],
    script:
        "../scripts/resc.py"
