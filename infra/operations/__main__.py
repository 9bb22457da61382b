"""`python -m infra.operations deploy|drift|destroy|cost`; `make` calls it. docs/aws.md has the variables.

Exit codes: 0 done; 1 AWS refused, something drifted or is left; 2 the machine or a variable is wrong.
"""

import argparse
import os
import sys
from collections.abc import Callable

from infra.operations import cost, deploy, destroy, drift, settings
from infra.operations.account import Account
from infra.operations.errors import OperationError, UsageError


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; an error is printed as one message that says what to do."""
    commands: dict[str, Callable[[], int]] = {
        "deploy": _deploy,
        "drift": _drift,
        "destroy": _destroy,
        "cost": _cost,
    }
    parser = argparse.ArgumentParser(prog="infra.operations", description="Lantern on an AWS account")
    parser.add_argument("command", choices=commands)
    command = parser.parse_args(arguments).command
    try:
        return commands[command]()
    except OperationError as error:
        print(f"{command}: {error}", file=sys.stderr)
        return error.exit_code


def _say(line: str) -> None:
    print(line, flush=True)


def _deploy() -> int:
    deploy.deploy(Account(), settings.parameters(), _say)
    return 0


def _drift() -> int:
    report = drift.detect(Account(), _say)
    for difference in report.differences:
        verdict = f"by design: {difference.reason}" if difference.reason else "DRIFT"
        change = f"{difference.expected} -> {difference.actual}"
        _say(f"{difference.stack} {difference.resource} {difference.property}: {change}  {verdict}")
    by_design = len(report.differences) - len(report.unexpected)
    _say(
        f"{len(report.unexpected)} drifted, {by_design} differ by design; "
        f"{report.checked} resources checked, {report.unchecked} that CloudFormation can't check"
    )
    return 1 if report.unexpected else 0


def _destroy() -> int:
    account = Account()
    with_data = os.environ.get("DATA") == "delete"
    tables = "with" if with_data else "but not"
    question = (
        f"Delete Lantern in account {account.number}, {account.region}, with its git repository and that "
        f"history, {tables} its tables?"
    )
    if os.environ.get("YES") != "1":
        if not sys.stdin.isatty():
            raise UsageError("destroy asks first: run it in a terminal, or say YES=1")
        if input(f"{question} [yes/no] ") != "yes":
            raise UsageError("nothing was deleted")
    remaining = destroy.destroy(account, _say, with_data=with_data)
    for arn in remaining:
        _say(f"left: {arn}")
    if not with_data:
        _say(f"kept: the tables {', '.join(destroy.TABLES)}; DATA=delete takes them too")
    _say(
        f"{len(remaining)} resources with Lantern's tag are left"
        if remaining
        else "Nothing with Lantern's tag is left"
    )
    return 1 if remaining else 0


def _cost() -> int:
    parameters = settings.parameters()
    _say(cost.table(cost.bill(parameters), cost.read_prices(), parameters))
    return 0


if __name__ == "__main__":
    sys.exit(main())
