"""Logging of one rule's script: everything to the rule's log and the terminal, input errors without a traceback."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fundus_anomaly.errors import InputError, OutputError


@contextmanager
def logged(log: str) -> Iterator[None]:
    """Run a script's work with its messages written to a log file and to standard error.

    An :class:`InputError` or :class:`OutputError` is what the user has to read: it is written as it is and ends the
    script with status 1. Any other error is written with its traceback.

    Args:
        log: The rule's log file.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    form = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")
    handlers: list[logging.Handler] = [logging.FileHandler(log, "w", encoding="utf-8"), logging.StreamHandler()]
    for handler in handlers:
        handler.setFormatter(form)
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    logging.captureWarnings(True)
    try:
        yield
    except (InputError, OutputError) as error:
        logging.error("%s", error)
        sys.exit(1)
    except Exception:
        logging.exception("the rule failed")
        sys.exit(1)
