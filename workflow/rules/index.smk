# The page that a user opens first.

from support.library_versions import versions_of
from support.shown_configuration import shown_configuration


rule index:
    input:
        resad=rules.table_resad.output.csv,
        lesionpaste=[f"{RESULTS}/tables/lesionpaste_{lesionpaste_rows.MAIN_TABLE}.csv"] if SOURCES else [],
        findings=f"{RESULTS}/audit/findings.csv",
        left_out=f"{RESULTS}/audit/left_out.csv",
        quality=f"{RESULTS}/quality/summary.csv",
        linked=[*linked("Tables"), *linked("Figures"), *linked("Data")],
        photographs=rules.heat_maps.output.page,
        further=further_made,
    output:
        page=f"{RESULTS}/index.html",
    log:
        f"{RESULTS}/logs/index.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("index.py"),
        title=config["experiment"] or config["dataset"],
        about={
            "dataset": config["dataset"],
            "methods": ", ".join([*MAIN, *(["LesionPaste"] if SOURCES else [])]),
            "backbone": config["backbone"]["name"],
            "image size": f"{config['preprocessing']['size']}×{config['preprocessing']['size']}",
            "seed": config["seed"],
        },
        manifest=rows(columns=["id", "split", "label", "grade", "patient"]),
        links=LINKS,
        further=FURTHER,
        benchmarks=BENCHMARKS,
        versions=lambda wildcards: versions_of(imports_of(sorted(SCRIPTS.glob("*.py")), PYTHON_FOLDERS)[1]),
        # In a function: Snakemake would take braces in a text for wildcards.
        configuration=lambda wildcards: shown_configuration(config, SCHEMA),
    script:
        "../scripts/index.py"
