"""Ways to interrupt a rule's script at a certain point of its work, without a change of the project's code."""

from __future__ import annotations

from pathlib import Path

# Python reads a module of this name at its start; the folder comes first on PYTHONPATH.
_STARTUP = """
import itertools, os, signal, sys, time

def interrupt():
    how, mark = os.environ["INTERRUPT_HOW"], os.environ["INTERRUPT_MARK"]
    if how != "kill":
        if os.path.exists(mark):
            return
        open(mark, "w").close()
    if how == "hang":
        time.sleep(600)
    os.kill(os.getpid(), signal.SIGKILL)

def after(calls, function, matters=lambda *arguments: True):
    left = itertools.count(calls - 1, -1)
    def counted(*arguments, **options):
        result = function(*arguments, **options)
        if matters(*arguments) and next(left) == 0:
            interrupt()
        return result
    return counted

script = sys.orig_argv[1] if len(sys.orig_argv) > 1 else ""
if script.endswith("." + os.environ.get("INTERRUPT", "-") + ".py"):
    if script.endswith(".features.py"):
        import h5py
        h5py.Dataset.__setitem__ = after(3, h5py.Dataset.__setitem__)
    elif script.endswith(".train.py"):
        os.replace = after(1, os.replace, lambda source, target: str(target).endswith(".checkpoint.pt"))
    else:
        # A minute passes from one look at the clock to the next, so that every round writes a checkpoint.
        time.monotonic = itertools.count(0, 61).__next__
        os.replace = after(4, os.replace, lambda source, target: str(target).endswith(".checkpoint.h5"))
"""


def interrupted(folder: Path, script: str, how: str) -> dict[str, str]:
    """Return the environment in which a script is interrupted amid its work.

    Args:
        folder: An empty folder.
        script: ``"features"``, after the third block of its output, ``"coreset"``, after its fourth checkpoint, or
            ``"train"``, after its first.
        how: ``"kill"``, the script gets SIGKILL; ``"kill once"``, only if ``folder/mark`` is not there yet; ``"hang"``,
            it stands still once ``folder/mark`` is there, and is left alone when it is started again.
    """
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(_STARTUP, encoding="utf-8")
    return {
        "PYTHONPATH": str(folder),
        "INTERRUPT": script,
        "INTERRUPT_HOW": how,
        "INTERRUPT_MARK": str(folder / "mark"),
    }


def processes_in(folder: Path) -> list[int]:
    """Return the processes whose working folder is ``folder``."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                here = (entry / "cwd").readlink() == folder
            except OSError:
                continue
            if here:
                found.append(int(entry.name))
    return found
