# From a dataset as its authors distribute it (or the phantom, made here) to photographs that were looked at.


rule phantom:
    output:
        photographs=audited()["path"] if config["dataset"] == "phantom" else [f"{RESULTS}/data/phantom.jpg"],
        masks=mask_paths(audited()) if config["dataset"] == "phantom" else [],
        labels=f"{DATA_ROOT if config['dataset'] == 'phantom' else f'{RESULTS}/data'}/labels.csv",
    log:
        f"{RESULTS}/logs/phantom.log",
    conda:
        "../../envs/cpu.yaml"
    threads: all_cores
    resources:
        mem_mb=memory(FILE_NEEDS.phantom_mb),
        runtime=minutes(FILE_NEEDS.phantom_seconds),
    params:
        code=code("phantom.py"),
        seed=config["seed"],
        settings=config["data"]["phantom"],
        root=lambda wildcards: DATA_ROOT,
        ids=audited(columns=["id"])["id"] if config["dataset"] == "phantom" else [],
    script:
        "../scripts/phantom.py"


rule volumes:
    input:
        volumes=lambda wildcards: [cut.volume for cut in cuts()],
    output:
        table=f"{SLICES}/volumes.csv",
    log:
        f"{RESULTS}/logs/volumes.log",
    conda:
        "../../envs/cpu.yaml"
    threads: all_cores
    resources:
        mem_mb=memory(FILE_NEEDS.slices_mb),
        runtime=minutes(FILE_NEEDS.slices_seconds),
    params:
        code=code("volumes.py"),
        lesions=[cut.lesions for cut in cuts()],
        images=[len(cut.images) for cut in cuts()],
    script:
        "../scripts/volumes.py"


# Snakemake notes inputs and parameters beside each of these thousands of files, so they must be few: the volumes stand
# in the table, and which slice a file shows in its name.
rule slices:
    input:
        volumes=f"{SLICES}/volumes.csv",
    output:
        images=[image for cut in cuts() for image in cut.images] or [f"{SLICES}/slice.png"],
    log:
        f"{RESULTS}/logs/slices.log",
    conda:
        "../../envs/cpu.yaml"
    threads: all_cores
    resources:
        mem_mb=memory(FILE_NEEDS.slices_mb),
        runtime=minutes(FILE_NEEDS.slices_seconds),
    params:
        code=code("slices.py"),
        window=config["data"]["mosmed"]["window"],
    script:
        "../scripts/slices.py"


rule inspect_photographs:
    input:
        photographs=audited_photographs,
    output:
        facts=f"{RESULTS}/audit/photographs.{{split}}.csv",
    log:
        f"{RESULTS}/logs/inspect_photographs.{{split}}.log",
    priority: 20
    conda:
        "../../envs/cpu.yaml"
    threads: all_cores
    resources:
        mem_mb=memory(FILE_NEEDS.inspection_mb),
        runtime=minutes(FILE_NEEDS.photographs_seconds),
    params:
        code=code("inspect_photographs.py"),
        ids=audited_ids,
        max_pixels=config["data"]["max_pixels"],
        bits_used=config["data"]["bits_used"],
    script:
        "../scripts/inspect_photographs.py"


rule inspect_masks:
    input:
        masks=audited_masks,
    output:
        facts=f"{RESULTS}/audit/masks.{{split}}.csv",
    log:
        f"{RESULTS}/logs/inspect_masks.{{split}}.log",
    priority: 20
    conda:
        "../../envs/cpu.yaml"
    threads: all_cores
    resources:
        mem_mb=memory(FILE_NEEDS.inspection_mb),
        runtime=minutes(FILE_NEEDS.masks_seconds),
    params:
        code=code("inspect_masks.py"),
        manifest=audited_rows,
        lesions=list(FOUND.lesions),
        inverted=DATASET.masks_inverted,
        max_pixels=config["data"]["max_pixels"],
    script:
        "../scripts/inspect_masks.py"


# Training images whose masks cannot be used: with `on_bad_image: exclude` they stay out of the bank. A test image whose mask
# cannot be used is left out by the evaluation: its features stay as they are when the mask is replaced.
rule unusable_masks:
    input:
        photographs=f"{RESULTS}/audit/photographs.{{split}}.csv",
        masks=f"{RESULTS}/audit/masks.{{split}}.csv",
    output:
        images=f"{RESULTS}/audit/unusable_masks.{{split}}.csv",
    log:
        f"{RESULTS}/logs/unusable_masks.{{split}}.log",
    priority: 20
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("unusable_masks.py"),
        manifest=lambda wildcards: audited(wildcards.split, ["id", "split", "label"]),
    script:
        "../scripts/unusable_masks.py"


rule audit_findings:
    input:
        photographs=expand(f"{RESULTS}/audit/photographs.{{split}}.csv", split=AUDITED_SPLITS),
        masks=expand(f"{RESULTS}/audit/masks.{{split}}.csv", split=MASKED_SPLITS),
    output:
        findings=f"{RESULTS}/audit/findings.csv",
    log:
        f"{RESULTS}/logs/audit_findings.log",
    priority: 20
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    # No more than one is used: on one machine nothing else starts until the gate can.
    threads: all_cores
    params:
        code=code("audit_findings.py"),
        manifest=columns_of(AUDITED),
        excluded=config["data"]["exclude"],
        sources=AUDITED_SOURCES["id"].tolist(),
        near_duplicate_share=config["data"]["near_duplicate_share"],
        # In functions: Snakemake would take braces in a text for wildcards.
        unread=lambda wildcards: UNREAD,
        refused=lambda wildcards: REFUSED,
        roots=lambda wildcards: ROOTS,
        page=f"{RESULTS}/audit/audit.html",
    script:
        "../scripts/audit_findings.py"


# The page of all findings. It comes before the gate, so that a run that the gate stops has the page too.
rule audit:
    input:
        findings=f"{RESULTS}/audit/findings.csv",
        photographs=expand(f"{RESULTS}/audit/photographs.{{split}}.csv", split=AUDITED_SPLITS),
        masks=expand(f"{RESULTS}/audit/masks.{{split}}.csv", split=MASKED_SPLITS),
    output:
        page=f"{RESULTS}/audit/audit.html",
        summary=report(
            f"{RESULTS}/audit/summary.html",
            caption="../report/audit.rst",
            category="Data",
            labels={"page": "Audit of the data"},
        ),
        manifest=f"{RESULTS}/audit/manifest.csv",
    log:
        f"{RESULTS}/logs/audit.log",
    priority: 20
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("audit.py"),
        dataset=DATASET.name,
        manifest=columns_of(AUDITED),
        found=lambda wildcards: private(
            {
                "notes": list(FOUND.notes),
                "counts": [asdict(count) for count in FOUND.counts],
                "excluded": config["data"]["exclude"],
                "roots": dict(ROOTS),
            }
        ),
        on_bad_image=config["data"]["on_bad_image"],
    script:
        "../scripts/audit.py"


# The gate: it stops the run with every error at once. What is computed of one split's images does not name it as an input,
# or a photograph added to the test would have the bank made again; its priority lets it run before all of that, and every
# evaluation names it.
rule admit:
    input:
        findings=f"{RESULTS}/audit/findings.csv",
    output:
        left_out=f"{RESULTS}/audit/left_out.csv",
    log:
        f"{RESULTS}/logs/admit.log",
    priority: 10
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("admit.py"),
        manifest=admissible(),
        excluded=config["data"]["exclude"],
        on_bad_image=config["data"]["on_bad_image"],
    script:
        "../scripts/admit.py"
