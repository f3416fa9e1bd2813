# A folder of photographs, judged by a detector that was trained before: each photograph once, whatever else lies there.


rule judge:
    input:
        photographs=lambda wildcards: PHOTOGRAPHS.paths,
        detector=DETECTOR,
    output:
        judged=f"{RESULTS}/judged.csv",
    log:
        f"{RESULTS}/logs/judge.log",
    benchmark:
        f"{RESULTS}/benchmarks/judge.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: shared_cores
    resources:
        gpu=1,
        mem_mb=memory(judge_mb),
        runtime=minutes(judge_seconds),
    params:
        code=code("judge.py"),
        ids=lambda wildcards: private(PHOTOGRAPHS.ids),
        store=f"{RESULTS}/judged",
        libraries=versions_of(imports_of([SCRIPTS / "judge.py"], PYTHON_FOLDERS)[1]),
    script:
        "../scripts/judge.py"


rule predictions:
    input:
        judged=f"{RESULTS}/judged.csv",
        detector=DETECTOR,
        gallery=lambda wildcards: ancient(GALLERY),
    output:
        table=f"{RESULTS}/images.csv",
        workbook=f"{RESULTS}/images.xlsx",
        page=directory(f"{RESULTS}/pages"),
        summary=f"{RESULTS}/quality/summary.csv",
    log:
        f"{RESULTS}/logs/predictions.log",
    localrule: True
    conda:
        "../../envs/gpu.yaml"
    params:
        code=code("predictions.py"),
        store=f"{RESULTS}/judged",
        title=config["experiment"] or "Photographs",
        roots=lambda wildcards: private([DATA_ROOT]),
        refused=lambda wildcards: private([list(one) for one in PHOTOGRAPHS.refused]),
    script:
        "../scripts/predictions.py"


rule index_of_predictions:
    input:
        table=f"{RESULTS}/images.csv",
        workbook=f"{RESULTS}/images.xlsx",
        quality=f"{RESULTS}/quality/summary.csv",
        pages=rules.predictions.output.page,
        detector=DETECTOR,
    output:
        page=f"{RESULTS}/index.html",
    log:
        f"{RESULTS}/logs/index_of_predictions.log",
    localrule: True
    conda:
        "../../envs/gpu.yaml"
    params:
        code=code("index_of_predictions.py"),
        title=config["experiment"] or "Photographs",
        links=[
            ["Every photograph with its heat map, highest score first", "pages/index.html", []],
            ["A row a photograph, as a workbook for a spreadsheet", "images.xlsx", []],
            ["The same as a table for machines (CSV)", "images.csv", []],
        ],
        benchmarks={"judge": [f"{RESULTS}/benchmarks/judge.tsv"]},
        versions=lambda wildcards: versions_of(imports_of([SCRIPTS / "judge.py"], PYTHON_FOLDERS)[1]),
    script:
        "../scripts/index_of_predictions.py"


rule predict:
    default_target: True
    input:
        rules.index_of_predictions.output,
        rules.predictions.output,


onsuccess:
    import subprocess

    shown = [str(PROJECT / "workflow" / "support" / "show_results.py"), RESULTS, "quality/summary.csv"]
    subprocess.run([sys.executable, *shown], check=False)
