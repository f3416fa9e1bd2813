"""Errors that a user can fix: InputError lists every problem at once; OutputError says why a file is not written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input.

    Attributes:
        where: The file, and the field, row or image id in it, that is wrong.
        found: What was found there.
        allowed: What is allowed there.
        remedy: What the user can do about it.
    """

    where: str
    found: str
    allowed: str
    remedy: str

    def __str__(self) -> str:
        """Return the problem as one line of text."""
        return f"{self.where}: found {self.found}; allowed: {self.allowed}. To fix it: {self.remedy}"


class InputError(ValueError):
    """Input that cannot be used; holds all of its problems, not only the first.

    Args:
        problems: One or more problems, in the order in which they are shown.
        advice: What would fix several of them together; shown last.
    """

    def __init__(self, problems: Problem | Iterable[Problem], advice: str = ""):
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        count = len(self.problems)
        lines = [f"{count} problem{'s' if count != 1 else ''} with the input:"]
        lines += [f"  {number}. {problem}" for number, problem in enumerate(self.problems, 1)]
        text = "\n".join(lines + ([f"  {advice}"] if advice else []))
        # Names of files may hold bytes that are no UTF-8, and no log could be written with them.
        super().__init__(text.encode("utf-8", "backslashreplace").decode("utf-8"))


class OutputError(OSError):
    """Output that cannot be written: the disk is full, the folder read-only, or a limit reached.

    Args:
        problems: For each file or folder why it cannot be written, and what to do about it.
    """

    def __init__(self, problems: Problem | Iterable[Problem]):
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        lines = [f"  {number}. {problem}" for number, problem in enumerate(self.problems, 1)]
        super().__init__("\n".join(["an output cannot be written:", *lines]))


def raise_if_any(problems: Iterable[Problem]) -> None:
    """Raise :class:`InputError` with all problems, or return if there are none."""
    problems = tuple(problems)
    if problems:
        raise InputError(problems)
