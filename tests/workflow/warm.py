"""A Python whose heavy imports are done: it runs Snakemake and the rules' scripts as forks of one process.

Half of a tiny job's time goes into imports. :class:`WarmPython` imports the installed packages once, none of the
project's own modules, and gives the path of a program that takes a Python's place: it runs ``-m snakemake …`` or a
script in a fork, with its own arguments, environment, folder and streams. A process killed there looks killed here.
"""

from __future__ import annotations

import array
import importlib
import json
import os
import runpy
import select
import signal
import socket
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

# What the scripts import; nothing that is not here is missing, it only costs time.
PACKAGES = [
    *("numpy", "pandas", "h5py", "cv2", "PIL.Image", "scipy.stats", "scipy.ndimage", "scipy.signal", "sklearn.metrics"),
    *("torch", "torch.utils.data", "torchvision.transforms.v2", "torchvision.models", "timm", "torchcam.methods"),
    *("onnx", "onnxruntime", "faiss", "imagehash", "nibabel", "tabulate", "tqdm", "yaml", "MLstatkit"),
    *("jinja2", "markdown_it", "xlsxwriter", "threadpoolctl", "sklearn.random_projection"),
    *("matplotlib.style", "matplotlib.figure", "matplotlib.backends.backend_agg", "matplotlib.font_manager"),
    *("snakemake.cli", "snakemake.api", "snakemake.workflow", "snakemake.scheduling.job_scheduler", "jsonschema"),
    *("snakemake.executors.local", "snakemake.script", "snakemake.report.html_reporter"),
]
# No site packages and no environment: this program starts in some 20 ms.
_CLIENT = """#!{python} -IS
import array, json, os, signal, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
asked = json.dumps({{"argv": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd()}}).encode()
descriptors = array.array("i", [0, 1, 2])
server.sendmsg([len(asked).to_bytes(8, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
server.sendall(asked)
code = int(server.recv(16) or b"1")
if code < 0:
    os.kill(os.getpid(), -code)
os._exit(code)
"""


class WarmPython:
    """The process that forks, as a context manager.

    Args:
        folder: An empty folder for the program and the socket; its path must be short and hold no space.
        prefix: A command that the process is started through, so that what holds for it holds for all of its forks.

    Attributes:
        python: The program that takes a Python's place.
    """

    def __init__(self, folder: Path, prefix: tuple[str, ...] = ()):
        self.python, self._address, self._prefix = folder / "python", folder / "socket", prefix

    def __enter__(self) -> WarmPython:
        """Start the process and wait until its imports are done."""
        self.python.write_text(_CLIENT.format(python=sys.executable, address=str(self._address)), encoding="utf-8")
        self.python.chmod(self.python.stat().st_mode | stat.S_IXUSR)
        command = [*self._prefix, sys.executable, __file__, str(self._address), str(self.python)]
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._server.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._server.kill()
        self._server.wait()


def serve(address: str, python: str) -> None:
    """Answer each program that connects in a fork of its own, until whoever started this process is gone."""
    for name in PACKAGES:
        with suppress(ImportError):
            importlib.import_module(name)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen(64)
        print("ready", flush=True)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while door in select.select([door, sys.stdin], [], [])[0]:
            visitor, _ = door.accept()
            if os.fork() == 0:
                door.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _answer(visitor, python)
            visitor.close()


def _answer(visitor: socket.socket, python: str) -> None:
    """Run what a program asks for in a fork, tell it how that ended, and end."""
    head, [(_, _, data)], *_ = visitor.recvmsg(8, socket.CMSG_SPACE(12))
    descriptors = array.array("i", data)
    wanted = int.from_bytes(head, "big")
    asked = bytearray()
    while len(asked) < wanted:
        asked += visitor.recv(wanted - len(asked))
    child = os.fork()
    if child == 0:
        visitor.close()
        _run(**json.loads(asked), descriptors=descriptors, python=python)
    _, status = os.waitpid(child, 0)
    with suppress(OSError):
        visitor.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _run(argv: list[str], env: dict[str, str], cwd: str, descriptors: array.array, python: str) -> None:
    """Be a Python that was started with these arguments."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.executable, sys.orig_argv = python, [python, *argv]
    folders = env["PYTHONPATH"].split(os.pathsep) if env.get("PYTHONPATH") else []
    sys.path[:0] = folders
    code = 0
    try:
        startup = next((file for folder in folders if (file := Path(folder) / "sitecustomize.py").is_file()), None)
        if startup is not None:
            exec(compile(startup.read_text(encoding="utf-8"), str(startup), "exec"), {"__name__": "sitecustomize"})
        if argv[0] == "-m":
            sys.argv = argv[1:]
            sys.path.insert(0, cwd)
            runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = argv
            sys.path.insert(0, str(Path(argv[0]).parent))
            runpy.run_path(argv[0], run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.path.pop(0)
    serve(*sys.argv[1:])
