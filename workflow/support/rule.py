"""How one rule's script runs: its messages go to the rule's log and the terminal, input errors without a traceback."""

from __future__ import annotations

import inspect
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fundus_anomaly.errors import InputError, OutputError
from fundus_anomaly.files.carried import require_carried
from fundus_anomaly.files.checksummed import add_checksum
from fundus_anomaly.files.provenance import Provenance, carriers, recording


class _LogFile(logging.FileHandler):
    """A log file that drops lines it cannot write (full disk): the terminal still shows them, without an error each."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Pass over a line that could not be written."""


@contextmanager
def logged(log: str, job: object = None) -> Iterator[None]:
    """Run a script's work with its messages written to a log file and to standard error.

    Inputs that the plan expects to be made otherwise are refused first, and what the work writes carries what made it,
    see :mod:`fundus_anomaly.files.provenance`.

    An :class:`InputError` or :class:`OutputError` is what the user has to read: it is written as it is and ends the
    script with status 1. Any other error is written with its traceback.

    Args:
        log: The rule's log file.
        job: Snakemake's object of the job: ``output``, and ``params.made`` as :mod:`lineage` gives it. Without it
            nothing is recorded or compared.
    """
    form = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    unlogged = None
    try:
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        handlers.append(_LogFile(log, "w", encoding="utf-8"))
    except OSError as error:
        unlogged = error
    for handler in handlers:
        handler.setFormatter(form)
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    logging.captureWarnings(True)
    if unlogged is not None:
        logging.warning("the log %s cannot be written (%s): messages of the rule appear here only", log, unlogged)
    made = getattr(job.params, "made", None) if job is not None else None
    try:
        require_carried(made["expected"] if made else {})
        with recording(Provenance(**made["provenance"]) if made else None):
            yield
            for file in carriers(job.output) if made else []:
                if not file.endswith(".h5"):
                    add_checksum(file)
    except InputError as error:
        logging.error("%s", error)
        sys.exit(1)
    except OutputError as error:
        logging.error("%s", error)
        logging.shutdown()
        # HDF5 would try again to write what it holds, and crash, as Python ends.
        os._exit(1)
    except Exception:
        logging.exception("the rule failed")
        sys.exit(1)


def run(main: Callable[..., None], job: Any) -> None:
    """Do a script's work, see :func:`logged`.

    Args:
        main: It is passed what its parameters name of the job: ``input``, ``output``, ``params``, ``wildcards``,
            ``resources``, ``threads``.
        job: Snakemake's object of the job, ``snakemake`` in its script.
    """
    with logged(job.log[0], job):
        main(**{name: getattr(job, name) for name in inspect.signature(main).parameters})
