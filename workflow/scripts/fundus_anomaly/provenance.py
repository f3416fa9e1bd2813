"""What made a file: settings, library versions and inputs; written with each array and table, compared on reading.

A rule's work runs inside :func:`recording`. What it writes then carries the :class:`Provenance` (an attribute
of an HDF5 file, a line of the seal beside any other file), and what it reads must carry the identity that the plan
expects: a file of another run, of other settings or of another version of a library is refused and never mixed in.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .errors import InputError, Problem

# The name of the attribute of an HDF5 file.
ATTRIBUTE = "provenance"
# An attribute of HDF5 holds at most 64 KiB.
MAX_BYTES = 60_000
MAX_CARRIERS = 20


@dataclass(frozen=True)
class Provenance:
    """What made a file.

    Attributes:
        rule: The step that made it.
        identity: Digest of all that decides its values, the code excepted: settings, library versions and inputs, and
            those of its inputs in turn.
        code: Digest of the code that it came from, that of its inputs included. It is kept for the record and for the
            plan; a run in progress does not compare it.
        settings: The step's parameters. Tables, lists of texts and paths are given by their digests.
        libraries: The versions of the libraries that the step imports.
        inputs: By the name of the input: the identity of what made it, or a digest of its content or state.
    """

    rule: str
    identity: str
    code: str
    settings: Mapping[str, object] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def parse(text: str) -> Provenance | None:
    """Return the provenance in a line that :meth:`Provenance.text` gave, or None where it holds none."""
    try:
        content = json.loads(text)
        return Provenance(**content) if isinstance(content, dict) else None
    except (ValueError, TypeError, RecursionError):
        return None


def carriers(outputs: Iterable[str | os.PathLike[str]]) -> list[str]:
    """Return the files of one step that carry what made them: all of them, or the last of more than ``MAX_CARRIERS``.

    Thousands of photographs or slices of one step need no seal each.
    """
    outputs = [str(output) for output in outputs]
    return outputs if len(outputs) <= MAX_CARRIERS else outputs[-1:]


class _Work:
    """The work in progress: what is written carries ``text``, and what is read must have the ``expected`` identity."""

    text = ""
    expected: Mapping[str, str] = {}


@contextmanager
def recording(made: Provenance | None, expected: Mapping[str, str]) -> Iterator[None]:
    """Have what is written in the block carry its provenance, and what is read compared.

    Args:
        made: What makes the files of the block; None leaves them without.
        expected: By path, as it is later opened: the identity that the file must carry. Others are read as they are.
    """
    before = _Work.text, _Work.expected
    _Work.text, _Work.expected = (made.text() if made else ""), dict(expected)
    try:
        yield
    finally:
        _Work.text, _Work.expected = before


def line() -> str:
    """Return what a file that is written now has to carry: one line, or an empty text."""
    return _Work.text


def require(path: str | os.PathLike[str], text: str) -> None:
    """Refuse a file that carries another provenance than the work in progress expects of it.

    Args:
        path: The file.
        text: The line that it carries; empty for none.

    Raises:
        InputError: If it was made with other settings, by other library versions or from other data.
    """
    wanted = _Work.expected.get(str(path))
    if wanted is None:
        return
    known = parse(text)
    if known is not None and known.identity == wanted:
        return
    found = (
        "no record of what made it" if known is None else f"what was made otherwise (identity {known.identity[:12]})"
    )
    allowed = f"what this run's settings, data and library versions make (identity {wanted[:12]})"
    remedy = f"run the same command again; if that does not help, delete {Path(path)}"
    raise InputError(Problem(str(path), found, allowed, remedy))
