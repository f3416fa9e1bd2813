# LesionPaste: the lesions of an annotated image, pasted onto normal images, and a classifier that tells them apart.


rule lesion_bank:
    input:
        photographs=lambda wildcards: source_table()["path"].tolist(),
        masks=lambda wildcards: mask_paths(source_table(), SOURCE_DATASET.lesions),
        admitted=ancient(f"{RESULTS}/audit/left_out.csv"),
        code=code("lesion_bank.py"),
    output:
        bank=f"{RESULTS}/lesion_bank/{{sources}}/bank.h5",
    log:
        f"{RESULTS}/logs/lesion_bank/{{sources}}.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        sources=lambda wildcards: source_table().to_dict("records"),
        lesions=list(SOURCE_DATASET.lesions),
        inverted=SOURCE_DATASET.masks_inverted,
        kinds=list(dict.fromkeys(kind for part in config["lesionpaste"]["mix"] for kind in part["types"])),
        preprocessing=PREPROCESSING["lesionpaste"],
        max_pixels=config["data"]["max_pixels"],
    script:
        "../scripts/lesion_bank.py"


rule figure_lesion_bank:
    input:
        bank=f"{RESULTS}/lesion_bank/{{sources}}/bank.h5",
        code=code("figure_lesion_bank.py"),
    output:
        report(
            f"{RESULTS}/lesion_bank/{{sources}}/lesions.png",
            caption="../report/lesion_bank.rst",
            category="Figures",
            labels={"figure": "Lesion bank of {sources}"},
        ),
    log:
        f"{RESULTS}/logs/figure_lesion_bank/{{sources}}.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        columns=12,
        rows_a_type=3,
        dpi=160,
    script:
        "../scripts/figure_lesion_bank.py"


rule figure_twins:
    input:
        bank=f"{RESULTS}/lesion_bank/{source_key(SOURCE_IMAGES)}/bank.h5" if SOURCE_IMAGES else [],
        images=f"{RESULTS}/images/lesionpaste/train.h5",
        code=code("figure_twins.py"),
    output:
        report(
            f"{RESULTS}/figures/twins.png",
            caption="../report/twins.rst",
            category="Figures",
            labels={"figure": "Artificial anomalous images"},
        ),
    log:
        f"{RESULTS}/logs/figure_twins.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        synthesis={key: config["lesionpaste"][key] for key in SYNTHESIS_KEYS},
        rows=config["figures"]["twins"],
        seed=config["seed"],
        dpi=160,
    script:
        "../scripts/figure_twins.py"


def lesionpaste_results(wildcards):
    """Return what the target makes; a run without an annotated image cannot have it."""
    source_table()
    return [
        f"{RESULTS}/lesion_bank/{source_key(SOURCE_IMAGES)}/lesions.png",
        f"{RESULTS}/figures/twins.png",
    ]


rule lesionpaste:
    input:
        lesionpaste_results,
