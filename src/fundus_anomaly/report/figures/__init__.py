"""Figures and pages: from arrays to a matplotlib figure, a painted photograph or an HTML page.

:mod:`.style` holds the look and how a figure is saved; every other file is one figure.
"""
