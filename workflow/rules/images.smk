# Photographs and lesion masks to HDF5 at the working size.


rule images:
    input:
        photographs=photographs,
        admitted=ancient(f"{RESULTS}/audit/left_out.csv"),
        facts=f"{RESULTS}/audit/photographs.{{split}}.csv",
        code=code("images.py"),
    output:
        images=f"{RESULTS}/images/{{split}}.h5",
    log:
        f"{RESULTS}/logs/images.{{split}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/images.{{split}}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: workflow.cores or 1
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        **config["preprocessing"],
        ids=ids_of_split,
        on_bad_image=config["data"]["on_bad_image"],
        max_pixels=config["data"]["max_pixels"],
    script:
        "../scripts/images.py"


rule masks:
    input:
        masks=masks,
        images=f"{RESULTS}/images/{{split}}.h5",
        left_out=f"{RESULTS}/audit/left_out.csv",
        code=code("masks.py"),
    output:
        masks=f"{RESULTS}/masks/{{split}}.h5",
    log:
        f"{RESULTS}/logs/masks.{{split}}.log",
    conda:
        "../../envs/cpu.yaml"
    threads: workflow.cores or 1
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        manifest=rows_of_split,
        lesions=list(DATASET.lesions),
        inverted=DATASET.masks_inverted,
        max_pixels=config["data"]["max_pixels"],
    script:
        "../scripts/masks.py"
