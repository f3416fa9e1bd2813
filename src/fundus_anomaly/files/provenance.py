"""What made a file: settings, library versions and inputs; written with each array and table.

A rule's work runs inside :func:`recording`. What it writes then carries the :class:`Provenance` as a line: the first of
an HDF5 file, in the block before HDF5's own content that is left to the user, the second of the file beside any other,
which has its checksum. :mod:`.carried` reads it again, without HDF5, since planning a run does so for every output.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

MAX_BYTES = 60_000
_SMALLEST_BLOCK = 512
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

    Thousands of photographs or slices of one step need no checksum each.
    """
    outputs = [str(output) for output in outputs]
    return outputs if len(outputs) <= MAX_CARRIERS else outputs[-1:]


class _Work:
    """The work in progress: what is written carries ``text``."""

    text = ""


@contextmanager
def recording(made: Provenance | None) -> Iterator[None]:
    """Have what is written in the block carry what made it; None leaves it without."""
    before = _Work.text
    _Work.text = made.text() if made else ""
    try:
        yield
    finally:
        _Work.text = before


def user_block() -> bytes:
    """Return the block that a new HDF5 file begins with: :func:`line`, filled up to a power of two, or nothing."""
    if not (text := line()):
        return b""
    content = text.encode("ascii") + b"\n"
    return content.ljust(max(_SMALLEST_BLOCK, 1 << (len(content) - 1).bit_length()), b"\0")


def first_line(path: str | os.PathLike[str]) -> str:
    """Return the line that a file begins with, or an empty text if that cannot be a provenance.

    Raises:
        OSError: If the file cannot be read.
    """
    with Path(path).open("rb") as file:
        content, end, _ = file.read(MAX_BYTES + 1).partition(b"\n")
    return content.decode("ascii") if end and content.isascii() else ""


def line() -> str:
    """Return what a file that is written now has to carry: one line, or an empty text."""
    return _Work.text
