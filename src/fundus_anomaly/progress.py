"""Progress of long work: a bar for those who watch, lines with rate and time left in a rule's log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOG_LINES = 5.0


class _LogLines:
    """A stream for tqdm that writes each state of the bar as one line to the log."""

    def write(self, text: str) -> None:
        line = text.strip("\r\n ")
        if line:
            logger.info("%s", line)

    def flush(self) -> None:
        return None


def bar(total: int, what: str, unit: str, initial: int = 0) -> tqdm:
    """Return a progress bar: drawn on a terminal, one log line every few seconds elsewhere.

    Args:
        total: Number of units of the whole work.
        what: What is being done, e.g. ``"features of train"``.
        unit: What is counted, e.g. ``"image"``.
        initial: Units that an earlier, interrupted run had finished.
    """
    on_terminal = sys.stderr.isatty()
    return tqdm(
        total=total,
        desc=what,
        unit=unit,
        initial=initial,
        file=sys.stderr if on_terminal else _LogLines(),
        mininterval=0.2 if on_terminal else _SECONDS_BETWEEN_LOG_LINES,
        ascii=not on_terminal,
        ncols=None if on_terminal else 100,
    )


def track(items: Iterable[Item], total: int, what: str, unit: str = "image") -> Iterator[Item]:
    """Yield the items while showing how many of ``total`` are done; see :func:`bar`."""
    with bar(total, what, unit) as shown:
        for item in items:
            yield item
            shown.update()
