"""Finds the operations of the AWS APIs that this runner serves.

The folder `operations` of a service's room has a file for each, named after the operation in snake case, with
a function `answer(request, parts)`. An operation without a file answers NotImplemented.
"""

import importlib
import pkgutil
from typing import Any

from local.awsapi.application import Operation

SERVICES = ("codepipeline", "codedeploy")


def load(service: str, parts: Any) -> dict[str, Operation]:
    """Return a service's operations by their AWS names. Each of them gets `parts`, which is the runner."""
    package = importlib.import_module(f"local.pipeline.{service}.operations")
    modules = [module.name for module in pkgutil.iter_modules(package.__path__)]
    return {
        "".join(word.capitalize() for word in module.split("_")): _operation(
            f"{package.__name__}.{module}", parts
        )
        for module in modules
        if not module.startswith("_")
    }


def _operation(module: str, parts: Any) -> Operation:
    answer = importlib.import_module(module).answer
    return lambda request: answer(request, parts)
