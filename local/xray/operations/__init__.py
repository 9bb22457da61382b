"""The operations of the X-Ray API, one module each, named after the operation: `answer(request, backend)`.

`request` is the validated input of the operation and the result its output, both as botocore's model names
the members. An operation without a module answers NotImplemented.
"""

import importlib
import pkgutil
from collections.abc import Callable
from functools import partial
from typing import Any

from local.awsapi.application import Operation
from local.xray.backend import Backend


def load(backend: Backend) -> dict[str, Operation]:
    """The operations by their names in AWS's API."""
    modules = [module.name for module in pkgutil.iter_modules(__path__)]
    return {_operation_name(module): partial(_answer_of(module), backend=backend) for module in modules}


def _answer_of(module: str) -> Callable[..., dict[str, Any]]:
    operation: Callable[..., dict[str, Any]] = importlib.import_module(f"{__name__}.{module}").answer
    return operation


def _operation_name(module: str) -> str:
    return "".join(word.capitalize() for word in module.split("_"))
