"""Procedural fundus photographs with lesions, exact masks and grades; see :mod:`.cohort` and :mod:`.render`."""
