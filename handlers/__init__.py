"""The sources whose webhooks tocsin understands, one module each; a new file here is a new handler."""

import importlib
import pkgutil
from types import ModuleType


def modules() -> list[ModuleType]:
    """Import every module of this folder."""
    return [importlib.import_module(info.name) for info in pkgutil.iter_modules(__path__, f"{__name__}.")]
