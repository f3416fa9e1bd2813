"""The methods of this package by the names of their modules, each imported when it is asked for."""

from __future__ import annotations

import importlib
import re

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.methods.interface import Method


def method_named(name: str) -> Method:
    """Return ``METHOD`` of the module of this package that has this name.

    Only here a method is imported, and not by an import statement: a rule declares the module of its own method.

    Raises:
        InputError: If there is no such method.
    """
    module = f"fundus_anomaly.methods.{name}"
    # The name may come from a file: nothing but a module of this folder is imported by it.
    if re.fullmatch("[a-z][a-z0-9_]*", name):
        try:
            return importlib.import_module(module).METHOD
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
        except AttributeError:
            pass
    remedy = "name a method that workflow/schemas/config.schema.yaml has below methods"
    raise InputError(Problem("compared.methods", repr(name), "a method of this package", remedy))
