"""timm and torchvision imported without torch's compiler, which they ask for when imported and we never use."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager

_COMPILER = "torch._dynamo"


@contextmanager
def without_compiler() -> Iterator[None]:
    """Import networks in the block without loading ``torch._dynamo``: two thirds of what importing timm takes.

    torchvision's RoIAlign asks it whether it can be compiled, and some of timm's models mark a function as not to be.
    Within the block a stand-in answers both: it cannot, and the function stays as it is. Afterwards the compiler can be
    imported as ever, by torch's optimizers for one.
    """
    if _COMPILER in sys.modules:
        yield
        return
    compiler, utils = types.ModuleType(_COMPILER), types.ModuleType(f"{_COMPILER}.utils")
    compiler.disable = lambda function=None, recursive=True, **given: function or (lambda inner: inner)
    utils.is_compile_supported = lambda device: False
    compiler.utils = utils
    stand_ins = {module.__name__: module for module in (compiler, utils)}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, module in stand_ins.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
