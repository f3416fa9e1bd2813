"""Which configuration a run has, wherever it is started and however it is given; what would be lost is refused."""

import os
import subprocess

import pytest
import yaml
from tiny_project import REPOSITORY, TINY, TinyProject, changed

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The project without results, with the tiny configuration as its config.yaml's extension."""
    return TinyProject.checkout(tmp_path_factory.mktemp("checkout"))


def snakemake(project, folder, *arguments):
    """Run Snakemake's command in a folder and return how it ended, standard error within standard output."""
    return subprocess.run(
        [project.python, "-m", "snakemake", *map(str, arguments), "--cores", "1", "--resources", "gpu=0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )


def planned(done):
    """Return the number of jobs of each rule that a dry run plans."""
    assert done.returncode == 0, done.stdout
    return sorted(line.split() for line in done.stdout.split("Job stats:")[1].split("\ntotal ")[0].splitlines()[3:])


def test_the_place_of_the_start_changes_nothing(checkout, tmp_path):
    seed = tmp_path / "seed.yaml"
    seed.write_text("seed: 1\n")
    plan = ["ablations", "-n", "--configfile", seed]
    here = planned(snakemake(checkout, checkout.folder, *plan))
    assert ["evaluate", "8"] in here, "the rows of config.yaml, which the schema's defaults do not have"
    snakefile = checkout.folder / "Snakefile"
    work, elsewhere = tmp_path / "work", tmp_path / "elsewhere"
    for folder in (work, elsewhere):
        folder.mkdir()
    assert planned(snakemake(checkout, work, *plan, "-s", snakefile)) == here
    assert planned(snakemake(checkout, work, *plan, "-s", os.path.relpath(snakefile, work), "-d", elsewhere)) == here
    assert planned(snakemake(checkout, checkout.folder, *plan, "-d", elsewhere)) == here
    # Without a --configfile Snakemake said that config.yaml was not present.
    assert planned(snakemake(checkout, work, "ablations", "-n", "-s", snakefile)) == here


def test_an_unrelated_config_of_the_working_folder_is_named_and_not_read(checkout, tmp_path):
    (tmp_path / "config.yaml").write_text("samples: samples.tsv\nseed: 7\n")
    plan = ["ablations", "-n", "-s", checkout.folder / "Snakefile"]
    done = snakemake(checkout, tmp_path, *plan)
    assert planned(done) == planned(snakemake(checkout, checkout.folder, *plan[:2]))
    assert f"{tmp_path / 'config.yaml'} is not read" in done.stdout
    assert "--configfile" in done.stdout
    refused = snakemake(checkout, tmp_path, *plan, "--configfile", "config.yaml")
    assert refused.returncode != 0
    assert "unknown keys 'samples'" in refused.stdout


def test_later_layers_win_over_the_projects_file(checkout, tmp_path):
    (tmp_path / "a.yaml").write_text("experiment: a\nablations: {variants: [{name: one, pool: 3}]}\n")
    (tmp_path / "b.yaml").write_text("experiment: b\n")
    files = ["--configfile", tmp_path / "a.yaml", tmp_path / "b.yaml"]
    target = [
        "results/c/bank/backbone~resnet18/pool~3/region~6/spatial~matmul/scale~inv_sqrt/normals~1.0/coreset~0.02/"
    ]
    target = [f"{target[0]}coreset.h5", "-n", *files, "--config", "experiment=c", "backbone={name: resnet18}"]
    assert ["coreset", "1"] in planned(snakemake(checkout, checkout.folder, *target))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("data: {on_bad_image: exclude}\ndata: {exclude: [a]}\n", ["mine.yaml, line 2", "'data'", "line 1"]),
        ("resad: &r {region: 2}\npatchcore: {<<: *r, region: 3}\n", ["mine.yaml, line 2", "'patchcore.region'"]),
        ('{"seed": 1,\n"seed": 2}', ["mine.yaml, line 2", "'seed'"]),
    ],
)
def test_a_key_that_stands_twice_in_a_file_is_refused(checkout, tmp_path, text, told):
    (tmp_path / "mine.yaml").write_text(text)
    refused = snakemake(checkout, checkout.folder, "audit", "-n", "--configfile", tmp_path / "mine.yaml")
    assert refused.returncode != 0
    assert [words for words in told if words not in refused.stdout] == []
    assert "Job stats" not in refused.stdout


def test_a_key_that_stands_twice_in_the_projects_file_is_refused(checkout, tmp_path):
    project = checkout.copy(tmp_path / "copy")
    with (project.folder / "config.yaml").open("a") as file:
        file.write("seed: 3\n")
    refused = snakemake(project, project.folder, "audit", "-n")
    assert refused.returncode != 0
    assert "the key 'seed' again" in refused.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--config", "experiment=a", "--config", "seed=5"], "write --config experiment=a seed=5"),
        (["-C", "experiment=a", "-C", "seed=5"], "write --config experiment=a seed=5"),
        (["--configfile", "tiny.yaml", "--configfile", "config/adam.yaml"], "--configfile tiny.yaml config/adam.yaml"),
        (["--config", "seed=5", "seed=6"], "a second value for 'seed'"),
    ],
)
def test_an_option_of_which_snakemake_would_keep_the_last_is_refused(checkout, arguments, told):
    refused = snakemake(checkout, checkout.folder, "audit", "-n", *arguments)
    assert refused.returncode != 0
    assert told in refused.stdout
    assert "Traceback" not in refused.stdout


@pytest.mark.parametrize("arguments", [["--workflow-profile", "none"], ["--workflow-profile", "none", "--quiet"]])
def test_a_profile_without_quiet_is_one_like_others(checkout, arguments):
    done = snakemake(checkout, checkout.folder, "audit", "-n", *arguments)
    assert done.returncode == 0, done.stdout
    # A user's own, of which each entry is optional.
    (checkout.folder / "mine").mkdir(exist_ok=True)
    (checkout.folder / "mine" / "profile.yaml").write_text("keep-going: true\n")
    assert snakemake(checkout, checkout.folder, "audit", "-n", "--workflow-profile", "mine").returncode == 0
    assert snakemake(checkout, checkout.folder, "audit", "-n", "--profile", "mine", *arguments).returncode == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"bank": {"index": "ivf", "nlist": 4, "nprobe": 9}}, ["config, bank.nprobe: found 9", "1 to 4"]),
        ({"lesionpaste.mixup": [0.8, 0.5]}, ["config, lesionpaste.mixup", "the smaller number first"]),
        ({"bank.nlist": 7}, ["config, bank.nlist: found 7", "bank.index is flat"]),
        ({"bank": {"index": "ivf", "nlist": 4000}}, ["config, bank.nlist: found 4000", "at most 86"]),
        ({"data.phantom.train_patients": 1}, ["entries of patient 'phantom/train/0000' alone"]),
        ({"lesionpaste.mix": [{"types": ["MA", "XX"], "share": 1}]}, ["config, lesionpaste.mix, type 'XX'"]),
        (
            {"lesionpaste.network": {"name": "efficientnet_lite0", "weights": "/nowhere/retina.pth", "sha256": "00"}},
            ["config, lesionpaste.network.weights: found '/nowhere/retina.pth'"],
        ),
    ],
)
def test_settings_that_contradict_each_other_or_have_no_effect_are_refused_when_planned(checkout, changes, told):
    (checkout.folder / "wrong.yaml").write_text(yaml.safe_dump(changed(TINY, changes)), encoding="utf-8")
    refused = checkout.snakemake("-n", configfile="wrong.yaml")
    assert refused.returncode != 0
    assert [words for words in told if words not in refused.stdout] == []
    assert "Job stats" not in refused.stdout


def test_weights_of_lesionpaste_alone_are_a_file_beside_those_of_resad(checkout):
    (checkout.folder / "retina.pth").write_bytes(b"weights")
    network = {"name": "efficientnet_lite0", "weights": "retina.pth"}
    (checkout.folder / "own.yaml").write_text(yaml.safe_dump(changed(TINY, {"lesionpaste.network": network})))
    assert checkout.plan("all", configfile="own.yaml")["weights"] == 2
    assert checkout.plan("all")["weights"] == 1
    name = "results/phantom/weights/efficientnet_lite0"
    checkout.run(f"{name}.weights", f"{name}.lesionpaste.weights", configfile="own.yaml")
    assert (checkout.folder / f"{name}.lesionpaste.weights").read_bytes() == b"weights"
    assert (checkout.folder / f"{name}.weights").stat().st_size > 10**6


def test_shares_in_exponent_form_have_a_path(checkout):
    shares = [{"name": "tiny share", "normals": 0.00001}, {"name": "tinier", "normals": 1e-12}]
    (checkout.folder / "tiny_shares.yaml").write_text(yaml.safe_dump(changed(TINY, {"ablations.variants": shares})))
    variant = "backbone~efficientnet_lite0/pool~1/region~2/spatial~matmul/scale~inv_sqrt/normals~{}/coreset~0.1"
    files = [f"results/phantom/bank/{variant.format(share)}/coreset.h5" for share in ("1e-05", "1e-12")]
    assert checkout.plan(*files, configfile="tiny_shares.yaml")["coreset"] == 2
    # Such a share is one patient, for whom there is no threshold: that is what is said, not that a file is missing.
    refused = checkout.snakemake("ablations", "-n", configfile="tiny_shares.yaml")
    assert "raise the variant's share `normals`" in refused.stdout
    assert "MissingInputException" not in refused.stdout


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_another_workflow_can_take_this_one_as_a_module(checkout, tmp_path, snakefile):
    (tmp_path / "config.yaml").write_text("samples: samples.tsv\n")
    (tmp_path / "Snakefile").write_text(
        f"""
configfile: "config.yaml"
module fundus:
    snakefile: "{checkout.folder / snakefile}"
    config: config.get("fundus", {{}})
use rule * from fundus as fundus_*
rule first:
    default_target: True
    input: rules.fundus_audit.output
"""
    )
    tiny = yaml.safe_dump({"fundus": {"data": TINY["data"], "seed": 3.0}})
    (tmp_path / "tiny.yaml").write_text(tiny)
    done = snakemake(checkout, tmp_path, "--configfile", "tiny.yaml")
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "results/phantom/audit/audit.html").is_file()
    assert "is not read" not in done.stdout, "the other workflow's own configuration"
    # An edit of a module that a job runs through is seen there, too, where Snakemake's records alone count.
    page, again = checkout.folder / "src/fundus_anomaly/report/pages/audit.py", ("-n", "--configfile", "tiny.yaml")
    assert "Nothing to be done" in snakemake(checkout, tmp_path, *again).stdout
    before = page.read_text(encoding="utf-8")
    page.write_text(f"{before}\n# edited\n", encoding="utf-8")
    plan = planned(snakemake(checkout, tmp_path, *again))
    page.write_text(before, encoding="utf-8")
    assert {rule for rule, _ in plan} - {"total", "first"} == {"fundus_audit"}
    # What the module's configuration does not name is the project's, not the schema's.
    (tmp_path / "whole.yaml").write_text("fundus: {seed: 3}\n")
    plan = planned(snakemake(checkout, tmp_path, "fundus_ablations", "-n", "--configfile", "whole.yaml"))
    assert ["fundus_evaluate", "8"] in plan


def test_documentation_of_the_cluster_shows_a_command_that_tells_what_jobs_ask_for(checkout):
    text = (REPOSITORY / "docs" / "cluster.md").read_text(encoding="utf-8")
    (command,) = [line for line in text.splitlines() if "what each job would ask for" in line]
    program, *arguments = command.partition("#")[0].split()
    assert program == "snakemake"
    done = subprocess.run(
        [checkout.python, "-m", "snakemake", *arguments],
        cwd=checkout.folder,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stdout + done.stderr).count("mem_mb=") > 20
