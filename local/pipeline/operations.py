"""Finds the operations of each AWS service that this runner stands in for.

They are files in the folder `operations` of the service's room, named after the operation in snake case, each
with a function `answer(request, parts)`. An operation without a file answers NotImplemented.
"""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

from local.awsapi.application import Operation
from local.pipeline.runner import Runner

SERVICES = ("codepipeline", "codedeploy")


def load(service: str, runner: Runner) -> dict[str, Operation]:
    """The operations of a service that are here, by their AWS name."""
    package = importlib.import_module(f"local.pipeline.{service}.operations")
    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    return {
        "".join(word.capitalize() for word in name.split("_")): _bound(
            _answer(f"{package.__name__}.{name}"), runner
        )
        for name in names
        if not name.startswith("_")
    }


def _answer(module: str) -> Callable[..., dict[str, Any]]:
    operation: Callable[..., dict[str, Any]] = importlib.import_module(module).answer
    return operation


def _bound(operation: Callable[..., dict[str, Any]], runner: Runner) -> Operation:
    return lambda request: operation(request, runner)
