# Photographs and lesion masks to HDF5, as each method wants to see them.


rule images:
    input:
        photographs=photographs,
        facts=f"{RESULTS}/audit/photographs.{{split}}.csv",
        unusable_masks=unusable_train_masks,
    output:
        images=f"{RESULTS}/images/{{prepared}}/{{split}}.h5",
    log:
        f"{RESULTS}/logs/images/{{prepared}}.{{split}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/images/{{prepared}}.{{split}}.tsv"
    # Lesioned copies of normals are made of the prepared ones.
    wildcard_constraints:
        split="train|test|unused|source",
    conda:
        "../../envs/cpu.yaml"
    threads: all_cores
    resources:
        mem_mb=memory(FILE_NEEDS.images_mb),
        runtime=minutes(FILE_NEEDS.images_seconds),
    params:
        code=code("images.py"),
        preprocessing=lambda wildcards: RUN.preprocessing[wildcards.prepared],
        ids=ids_of_split,
        on_bad_image=config["data"]["on_bad_image"],
        max_pixels=config["data"]["max_pixels"],
    script:
        "../scripts/images.py"


rule masks:
    input:
        masks=masks,
        images=f"{RESULTS}/images/{{prepared}}/{{split}}.h5",
        left_out=f"{RESULTS}/audit/left_out.csv",
    output:
        masks=f"{RESULTS}/masks/{{prepared}}/{{split}}.h5",
    log:
        f"{RESULTS}/logs/masks/{{prepared}}.{{split}}.log",
    wildcard_constraints:
        split="train|test|unused|source",
    conda:
        "../../envs/cpu.yaml"
    threads: all_cores
    resources:
        mem_mb=memory(FILE_NEEDS.images_mb),
        runtime=minutes(FILE_NEEDS.images_seconds),
    params:
        code=code("masks.py"),
        manifest=rows_of_split,
        lesions=list(DATASET.lesions),
        inverted=DATASET.masks_inverted,
        max_pixels=config["data"]["max_pixels"],
    script:
        "../scripts/masks.py"
