# What the index of a run leads to: everything that the default target makes.

IN_TABLE_3 = f"LesionPaste, Table {lesionpaste_rows.MAIN_TABLE}"
LESIONS = [Path(bank_of(row)).with_name("lesions.html") for row in table_rows(lesionpaste_rows.MAIN_TABLE)][:1]
# By part of the page: what each page shows, its path below the results, and the endings of its further forms.
LINKS = {
    "Photographs": [
        ["Every test photograph with its heat map", "heat_maps/index.html", []],
        ["A row a photograph: decision, score, percentile, p-value, quality", "images.csv", ["xlsx"]],
    ],
    "Tables": [
        [name, f"tables/{table}.html", ["csv", "md"]]
        for name, table, made in (
            ("ReSAD, Tables 1 and 2", "resad", True),
            ("Operating points", "operating_points", True),
            ("Lesions found", "froc", MASKS),
            ("ReSAD, Table 3: ablations", "ablations", RUN.ablations),
            (IN_TABLE_3, f"lesionpaste_{lesionpaste_rows.MAIN_TABLE}", SOURCES),
        )
        if made
    ],
    "Figures": [
        [name, f"{figure}.html", ["png"]]
        for name, figure, made in (
            ("Anomaly maps (Fig. 2)", "figures/qualitative", True),
            ("Worst misses", "figures/misses", MISSES_SHOWN),
            ("ROC and precision–recall curves", "figures/curves", LABELLED or MASKS),
            ("False alarms promised and delivered", "figures/p_values", NORMAL_TESTED),
            ("Effective neighbours of the attention", "figures/effective_neighbours", RUN.attending),
            *(("Lesions that are pasted", str(file.with_suffix("").relative_to(RESULTS)), SOURCES) for file in LESIONS),
            ("Artificial anomalous images", "figures/twins", SOURCES),
            (f"Learning curves of {IN_TABLE_3}", f"figures/learning_curves_{lesionpaste_rows.MAIN_TABLE}", SOURCES),
            ("GradCAM and GradCAM++ (Fig. A3)", "figures/gradcam", SOURCES and ABNORMAL_TESTED),
        )
        if made
    ],
    "Data": [
        ["Audit of every photograph and mask", "audit/audit.html", []],
        ["Whether each test photograph can be judged, and what was measured of it", "quality/test.csv", []],
    ],
}


def linked(part):
    """Return the files that a part of the page leads to."""
    pages = [Path(f"{RESULTS}/{page}") for _, page, _ in LINKS[part]]
    forms = [page.with_suffix(f".{ending}") for page, (_, _, endings) in zip(pages, LINKS[part]) for ending in endings]
    return [str(file) for file in [*pages, *forms]]


# What further targets make: the index leads to whatever of it is there and is this run's.
FURTHER = [
    [name, f"{page}.html", endings]
    for name, page, endings, made in (
        ("ReSAD, Tables 1 and 2, with other methods", "tables/compared", ["csv", "md"], RUN.compared),
        ("Anomaly maps of all methods", "figures/compared", ["png"], RUN.compared),
        ("Learning curves of the other methods", "figures/compared_learning", ["png"], RUN.compared),
        (f"{IN_TABLE_3}, with other methods", "tables/rivals", ["csv", "md"], SOURCES),
        *(
            (f"LesionPaste, Table {table}: ablations", f"tables/lesionpaste_{table}", ["csv", "md"], SOURCES)
            for table in PAPER_TABLES[1:]
        ),
        *(
            (f"Learning curves of LesionPaste, Table {table}", f"figures/learning_curves_{table}", ["png"], SOURCES)
            for table in PAPER_TABLES[1:]
        ),
    )
    if made
]


def further_made(wildcards):
    """Return the files of :data:`FURTHER` that are there and are what this run would make."""
    pages = [Path(f"{RESULTS}/{page}") for _, page, _ in FURTHER]
    files = [page.with_suffix(f".{ending}") for page, (*_, forms) in zip(pages, FURTHER) for ending in ["html", *forms]]
    return [str(file) for file in files if file.exists() and LINEAGE.current(str(file))]


NAMED = [row["variant"] for row in RUN.variants]
BENCHMARKED = {
    "images": [
        f"{prepared}.{split}"
        for prepared in ("resad", "lesionpaste")
        for split in ("train", "test", "unused", "source")
    ],
    "features": [
        f"backbone~{name}/{split}"
        for name in dict.fromkeys(row["backbone"] for row in RUN.named(NAMED))
        for split in ("train", "test")
    ],
    "resc": [f"{one}/{split}" for one in dict.fromkeys(resc_paths(NAMED, "{variant}")) for split in ("train", "test")],
    **dict.fromkeys(("coreset", "score", "calibrate"), list(dict.fromkeys(variant_paths(NAMED, "{variant}")))),
    "train": [
        f"{config['lesionpaste']['network']['name']}/{row['key']}/{run}"
        for row in table_rows(lesionpaste_rows.MAIN_TABLE)
        for run in RUNS
    ],
}
# What each job of the rules that take longest took. It is no input: nothing else would be outdated by it.
BENCHMARKS = {stage: [f"{RESULTS}/benchmarks/{stage}/{job}.tsv" for job in BENCHMARKED[stage]] for stage in BENCHMARKED}
