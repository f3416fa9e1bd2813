"""The image of the Dockerfile, built: it plans and runs the workflow without a network, as a user without rights.

    FULL_SETUP=1 python -m pytest tests/workflow/test_container.py

It needs root, a registry of Python packages, 30 GB of disk and a quarter of an hour.
"""

import json
import os
import re
import subprocess

import pytest
import yaml
from container import Buildah, require_buildah
from tiny_project import ONE_THREAD, REPOSITORY, TINY, without_network

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(not os.environ.get("FULL_SETUP"), reason="builds the image (15 minutes): FULL_SETUP=1"),
]

USER = "1234"
SNAKEMAKE = (".venv/bin/snakemake", "--cores", "2")
# Where the machine's own certificates are: a registry of packages may have one of its own.
CERTIFICATES = "/etc/ssl/certs:/etc/ssl/certs:ro"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Buildah and a container of the image, in which commands run as its user and without a network."""
    require_buildah()
    folder = tmp_path_factory.mktemp("container")
    buildah = Buildah(folder)
    text = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    base = f"docker.io/library/{re.search(r'^FROM (.+)$', text, re.MULTILINE)[1]}"
    if not buildah.has(base):
        buildah.debian(base)
    context = folder / "context"
    context.mkdir()
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True).stdout
    copied = ["cp", "--parents", "--preserve=mode", *listed.decode().rstrip("\0").split("\0"), context]
    subprocess.run(copied, cwd=REPOSITORY, check=True)
    try:
        options = ["--isolation", "chroot", "--pull-never", "--volume", CERTIFICATES, "--build-arg", f"UID={USER}"]
        buildah("bud", *options, "--tag", "fundus-anomaly", context)
        yield buildah, buildah("from", "--pull-never", "fundus-anomaly").split()[-1]
    finally:
        buildah.remove()


def run(built, *command):
    buildah, container = built
    return buildah("run", "--isolation", "chroot", container, "--", *command, prefix=without_network())


def test_the_image_is_run_by_a_user_without_rights_and_does_what_make_run_does(built):
    buildah, container = built
    said = json.loads(buildah("inspect", "--type", "container", container))["OCIv1"]["config"]
    assert (said["User"], said["Cmd"], said["WorkingDir"]) == (USER, ["make", "run"], "/fundus-anomaly")
    assert run(built, "id", "-u").strip() == USER
    assert run(built, "sh", "-c", "touch /etc/mine 2>/dev/null || echo refused").strip() == "refused"
    assert "lo:" in (interfaces := run(built, "cat", "/proc/net/dev")) and "eth" not in interfaces


def test_the_default_run_is_planned_in_it(built):
    planned = run(built, *SNAKEMAKE, "--dry-run")
    assert "table_resad" in planned and "table_lesionpaste" in planned
    # The environment is complete: make has nothing to install.
    run(built, "make", "--question", ".venv/.installed")


def test_the_tiny_workflow_runs_in_it_and_its_table_is_that_of_a_run_outside(built, finished, tmp_path):
    buildah, container = built
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY), encoding="utf-8")
    buildah("copy", "--chown", USER, container, tmp_path / "tiny.yaml", "/fundus-anomaly/")
    options = ("--resources", "gpu=0", "--set-threads", *ONE_THREAD, "--configfile", "tiny.yaml")
    run(built, *SNAKEMAKE, *options)
    for name in ("resad.csv", "ablations.csv"):
        inside = run(built, "cat", f"results/phantom/tables/{name}")
        assert inside == (finished.results / "tables" / name).read_text(encoding="utf-8")
