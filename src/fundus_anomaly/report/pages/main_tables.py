"""Tables 1 and 2 as files: for machines, as Markdown, and as a page."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping

from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.report.pages.table import write_document
from fundus_anomaly.report.tables.main_tables import MainTables
from fundus_anomaly.report.tables.resad import headline

logger = logging.getLogger(__name__)


def write_main_tables(
    tables: MainTables, paths: Mapping[str, str | os.PathLike[str]], excluded: Mapping[str, str]
) -> None:
    """Write Tables 1 and 2, and their headline to the log.

    Args:
        tables: From :func:`..tables.main_tables.main_tables`.
        paths: ``csv``, ``lesions``, ``differences``, ``md`` and ``html``.
        excluded: Why each image is excluded, by id; the page counts them and names none.
    """
    write_csv(paths["csv"], tables.table)
    write_csv(paths["lesions"], tables.lesions)
    write_csv(paths["differences"], tables.differences)
    write_document(tables.markdown, paths["md"], paths["html"], excluded)
    logger.info("%s\n%s", tables.title, headline(tables.table))
