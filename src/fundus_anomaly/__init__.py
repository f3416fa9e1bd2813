"""Anomaly detection in fundus photographs: the library that the workflow's rules call.

``docs/architecture.md`` says what lies in which folder. Imports run downwards only; nothing here depends on Snakemake.
:func:`load` is :func:`.api.load`, imported when it is asked for: this module is part of every rule, and loads nothing.
"""

__all__ = ["load"]


def __getattr__(name: str) -> object:
    """Return a name of the public interface."""
    if name in __all__:
        from importlib import import_module

        return getattr(import_module("fundus_anomaly.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
