"""Finds the operations of an API in a package that has a module for each, with a function `answer`."""

import importlib
import pkgutil
from typing import Any

from local.awsapi.application import Operation


def load(package: str, context: Any) -> dict[str, Operation]:
    """Return the operations by their names in AWS's API; each calls `answer(request, context)` of its module.

    A module has the operation's name in snake case; modules whose names begin with an underscore are none.
    """
    modules = [module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__)]
    return {
        "".join(word.capitalize() for word in module.split("_")): _operation(f"{package}.{module}", context)
        for module in modules
        if not module.startswith("_")
    }


def _operation(module: str, context: Any) -> Operation:
    answer = importlib.import_module(module).answer
    return lambda request: answer(request, context)
