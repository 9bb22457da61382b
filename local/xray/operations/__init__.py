"""One file an operation, named after it: `answer(request, backend)`. What is absent is not implemented."""

import importlib
import pkgutil
from collections.abc import Callable
from functools import partial
from typing import Any

from local.awsapi.application import Operation
from local.xray.backend import Backend


def load(backend: Backend) -> dict[str, Operation]:
    """The operations that are here, by their AWS name."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return {_aws_name(name): partial(_answer(name), backend=backend) for name in names}


def _answer(name: str) -> Callable[..., dict[str, Any]]:
    operation: Callable[..., dict[str, Any]] = importlib.import_module(f"{__name__}.{name}").answer
    return operation


def _aws_name(snake: str) -> str:
    return "".join(word.capitalize() for word in snake.split("_"))
