"""The documents: links lead somewhere, what they name exists, and what is derived in them is current."""

import re
import subprocess
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
import result_tables
import yaml
from markdown_it import MarkdownIt

from support.config_docs import main as config_docs

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/*.md", "config/*.md", "profiles/*.md", "results/reference/*/README.md")
    for page in ROOT.glob(pattern)
)
# What names files of the past, or files that the reader is to write.
OF_OTHER_TIMES = {"CHANGELOG.md", "docs/adding-a-method.md"}
CURRENT = [page for page in PAGES if str(page.relative_to(ROOT)) not in OF_OTHER_TIMES]
A_FILE = re.compile(r"(?:[\w.~-]+/)*[\w.-]+\.(?:py|smk|rst|toml|lock|yaml|yml|md|sh)")
# Folders that a run makes.
MADE = ("results/", "tables/", "audit/", "heat_maps/", "figures/")
FOLDERS = ("benchmarks", "config", "docs", "envs", "profiles", "src", "tests", "workflow")


def name(page):
    return str(page.relative_to(ROOT))


@cache
def tokens(page):
    """Return all tokens of a page, those inside of lines included."""
    tops = MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))
    return [token for top in tops for token in (top, *(top.children or ()))]


@cache
def anchors(page):
    """Return the anchors that a page's headings get from the sites that show Markdown."""
    found = tokens(page)
    headings = [found[place + 1].content for place, token in enumerate(found) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-") for heading in headings}


def links(page):
    for token in tokens(page):
        target = token.attrGet("href") or token.attrGet("src")
        if target and not re.match(r"[a-z]+:", str(target)):
            yield unquote(str(target))


def commands(page):
    """Return the code of a page, lines and blocks."""
    return [token.content for token in tokens(page) if token.type in ("code_inline", "fence")]


@cache
def tracked():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    return listed.stdout.splitlines() or [name(path) for path in ROOT.rglob("*") if path.is_file()]


def exists(file):
    """Return whether a file is in the repository; its path may begin in the folder that the text is about."""
    return any(path == file or path.endswith(f"/{file}") for path in tracked())


def test_there_are_pages():
    assert {"README.md", "CONTRIBUTING.md", "config/README.md", "docs/results.md"} <= {name(page) for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page):
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{name(page)}: {link}"


@pytest.mark.parametrize("page", CURRENT, ids=name)
def test_files_that_a_page_names_exist(page):
    for token in tokens(page):
        if token.type == "code_inline" and A_FILE.fullmatch(token.content):
            if token.content.startswith(MADE) and not token.content.startswith("results/reference/"):
                continue
            assert exists(token.content), f"{name(page)}: {token.content}"
        elif token.type in ("fence", "code_inline"):
            for file in re.findall(rf"(?<![\w/.-])(?:{'|'.join(FOLDERS)})/[\w./-]+\.\w+", token.content):
                assert exists(file), f"{name(page)}: {file}"


@pytest.mark.parametrize("page", CURRENT, ids=name)
def test_targets_that_a_page_names_exist(page):
    made = set(re.findall(r"^([\w./$()-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    made.add(".venv/.installed")
    rules = {"Snakefile"}
    for file in (ROOT / "workflow").rglob("*"):
        if file.suffix == ".smk" or file.name == "Snakefile":
            rules |= set(re.findall(r"^\s*rule (\w+):", file.read_text(encoding="utf-8"), re.MULTILINE))
    for code in commands(page):
        for line in code.replace("\\\n", " ").splitlines():
            for target in re.findall(r"(?:^|[\s=])make ([a-z.][\w./-]*)", line.split("#")[0]):
                assert target in made, f"{name(page)}: make {target}"
            for target in re.findall(r"(?:^|\s|/)snakemake ((?:[a-z_]+ )*[a-z_]+)(?=\s|$)", line.split("#")[0]):
                assert set(target.split()) <= rules, f"{name(page)}: snakemake {target}"


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize("page", result_tables.PAGES, ids=name)
def test_tables_of_figures_are_those_of_the_reference_results(page):
    text = page.read_text(encoding="utf-8")
    assert "<!-- table:" in text
    assert result_tables.renewed(text) == text, "run make docs"


def test_the_page_of_the_configuration_is_that_of_the_schema():
    assert (ROOT / "config" / "README.md").read_text(encoding="utf-8") == config_docs(ROOT), "run make docs"


def test_the_page_of_the_configuration_has_every_key():
    page = config_docs(ROOT)
    for key in (
        "dataset",
        "resad.scale",
        "ablations.variants[].name",
        "lesionpaste.mix[].share",
        "methods.auto_encoder.rows",
    ):
        assert page.count(f"\n| `{key}` |") == 1, key
    assert '| `resad.scale` | `"inv_sqrt"` | text |' in page
    assert "| `bank.coreset` | `0.1` | number, ≥ 0.0001, ≤ 1 |" in page


def test_the_catalogue_finds_what_it_asks_for():
    entry = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text(encoding="utf-8"))["usage"]
    assert set(entry) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert set(entry["mandatory-flags"]) == {"desc", "flags"}
    deployment = entry["software-stack-deployment"]
    assert set(deployment) == {"conda", "apptainer", "apptainer+conda"}
    rules = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "workflow" / "rules").glob("*.smk"))
    assert deployment["conda"] is ("conda:" in rules)
    assert deployment["apptainer"] is ("container:" in rules)
    assert entry["report"] is ("report(" in rules)
    for file in ("workflow/Snakefile", "config/README.md", "README.md", "LICENSE"):
        assert (ROOT / file).is_file()
    for file in re.findall(r"config/\w+\.yaml", entry["mandatory-flags"]["desc"]):
        assert (ROOT / file).is_file()


def test_every_entry_of_the_report_has_a_caption_of_its_own_and_none_is_left_over():
    rules = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "workflow" / "rules").glob("*.smk"))
    named = re.findall(r'caption="\.\./report/(\w+\.rst)"', rules)
    assert len(named) == len(re.findall(r"\breport\($", rules, re.MULTILINE)) == rules.count("labels={")
    kept = {file.name: file.read_text(encoding="utf-8") for file in (ROOT / "workflow" / "report").glob("*.rst")}
    assert set(kept) == {*named, "workflow.rst"}
    assert all(len(text.split()) >= 30 for text in kept.values())
