"""Rules for the lifecycle hook: it ends in time, and waits no longer for an answer than a service would.

Its constants are read from the code in the template, which is what Lambda runs.
"""

import ast
import json
from collections.abc import Iterator
from typing import Any

from infra.checks.aws_files import AwsFiles, variables
from infra.shop import CONTAINER, HOOK_FUNCTION, SERVICES
from infra.template import Resource

CONSTANTS = ("TRIES", "PAUSE_S", "REQUEST_S", "RESULT_S")


def problems(files: AwsFiles) -> list[str]:
    """What would let CodeDeploy wait an hour for a result, or let a slow version pass."""
    return [
        problem
        for function in files.of_type("AWS::Lambda::Function")
        if function.properties.get("FunctionName") == HOOK_FUNCTION
        for problem in _hook(files, function)
    ]


def _hook(files: AwsFiles, function: Resource) -> Iterator[str]:
    constants = _constants(function.properties["Code"]["ZipFile"])
    if missing := [name for name in CONSTANTS if name not in constants]:
        yield f"{function}: its code sets no {', '.join(missing)}; nothing says how long it may take"
        return
    timeout_s = int(function.properties.get("Timeout", 3))
    longest_s = _longest_request(constants) * _requests(files, function) + constants["RESULT_S"]
    if longest_s > timeout_s:
        yield (
            f"{function}: Timeout is {timeout_s} s, but its requests and its answer to CodeDeploy may take "
            f"{longest_s:.0f} s; without an answer CodeDeploy waits for an hour"
        )
    deadline_ms = variables(files.containers().get(CONTAINER, {})).get("DEADLINE_MS", "0")
    if constants["REQUEST_S"] * 1000 > float(deadline_ms):
        yield (
            f"{function}: REQUEST_S is {constants['REQUEST_S']:g} s, a calling service waits at most "
            f"DEADLINE_MS={deadline_ms}: a version too slow for its callers would pass"
        )


def _constants(code: str) -> dict[str, float]:
    """The numbers that the module's own lines assign, also several with one line."""
    constants: dict[str, float] = {}
    for node in ast.parse(code).body:
        if isinstance(node, ast.Assign):
            names, values = node.targets[0], node.value
            pairs = (
                zip(names.elts, values.elts, strict=True)
                if isinstance(names, ast.Tuple) and isinstance(values, ast.Tuple)
                else [(names, values)]
            )
            for name, number in pairs:
                value = number.value if isinstance(number, ast.Constant) else None
                if isinstance(name, ast.Name) and isinstance(value, int | float):
                    constants[name.id] = value
    return constants


def _longest_request(constants: dict[str, float]) -> float:
    """Seconds of a request that is answered at the last try; the first that never is ends the test."""
    return constants["TRIES"] * constants["REQUEST_S"] + (constants["TRIES"] - 1) * constants["PAUSE_S"]


def _requests(files: AwsFiles, function: Resource) -> int:
    """The requests of the service that has the most: its version and its paths, at each address."""
    tests: dict[str, Any] = json.loads(function.properties["Environment"]["Variables"]["SMOKE_TESTS"])
    zones = max(
        (
            len(balancer.properties["Subnets"])
            for balancer in files.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer")
        ),
        default=1,
    )
    return max(
        (1 + len(tests[service.name]["paths"])) * (zones if service.public else 1) for service in SERVICES
    )
