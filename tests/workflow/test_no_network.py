"""The default workflow needs no network, and only the rule that fetches weights could use one."""

import ast
import subprocess
import sys

import pytest
from tiny_project import REPOSITORY, without_network

pytestmark = pytest.mark.workflow
SOURCES = [path for folder in ("src", "workflow") for path in (REPOSITORY / folder).rglob("*.py")]
# What opens a connection, of the standard library and of the packages that are installed.
NETWORK = {"aiohttp", "ftplib", "http", "httpx2", "huggingface_hub", "requests", "socket", "urllib", "urllib3"}
UNREACHABLE = """
import errno, socket
try:
    socket.create_connection(("192.0.2.1", 80), timeout=5)
except OSError as error:
    assert error.errno == errno.ENETUNREACH, error
else:
    raise AssertionError("connected")
"""
needs_namespace = pytest.mark.skipif(not without_network(), reason="unshare --net is not permitted here")


def imported(path):
    """Return the packages that a module imports anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        # urllib.parse takes addresses apart and opens none.
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module != "urllib.parse":
            yield node.module.split(".")[0]


@needs_namespace
def test_in_an_empty_network_namespace_nothing_can_be_reached():
    done = subprocess.run([*without_network(), sys.executable, "-c", UNREACHABLE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@needs_namespace
def test_the_default_workflow_finishes_in_an_empty_network_namespace(finished):
    # The fixture has asserted that the run succeeded; this is what the run saw of the machine's network.
    _, _, *rows = (finished.folder / "interfaces.txt").read_text(encoding="utf-8").splitlines()
    assert [row.split(":")[0].strip() for row in rows] == ["lo"]
    assert list(finished.results.glob("weights/*.weights"))


def test_only_the_module_that_fetches_weights_can_open_a_connection():
    able = {path.name for path in SOURCES if NETWORK & set(imported(path))}
    assert able == {"weights.py"}
    assert "pretrained=True" not in "".join(path.read_text(encoding="utf-8") for path in SOURCES)
