"""`make aws`: the ordinary aws command line on the laptop's AWS, for people who have none."""

import os
import shlex
import sys
from pathlib import Path
from typing import NoReturn

from local.awsapi.account import REGION
from local.processes.compose import Port
from local.stack.errors import Refused
from local.stack.site import Site

USE = '# For this shell:  eval "$(make aws)"   Then, for instance:  aws dynamodb list-tables'
LAPTOP = "laptop"  # any credentials will do


def call_or_explain(site: Site) -> None:
    """Replace this process by `aws` with the words of CALL; without it, print how a shell uses `aws` here.

    Raises Refused where CALL can't be read.
    """
    program = Path(sys.prefix) / "bin" / "aws"
    variables = environment(site)
    if not site.environ.get("CALL"):
        exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
        path = f'export PATH={shlex.quote(str(program.parent))}:"$PATH"'
        sys.stdout.write("\n".join([USE, *exports, path, ""]))
        return
    _become([str(program), *words(site.environ["CALL"])], os.environ | variables)


def words(call: str) -> list[str]:
    """The words of CALL, as a shell would part them; the word `aws` may lead them. Raises Refused."""
    try:
        parts = shlex.split(call)
    except ValueError as error:
        raise Refused(f'CALL={call}: {error}; expected for instance CALL="dynamodb list-tables"') from None
    return parts[1:] if parts[:1] == ["aws"] else parts


def environment(site: Site) -> dict[str, str]:
    """The variables by which aws and every SDK find the laptop's services."""
    pipeline = _address(site.stack.left_out.get("pipeline", ()))
    endpoints = {
        "AWS_ENDPOINT_URL": site.address("aws"),
        "AWS_ENDPOINT_URL_XRAY": site.address("xray"),
        "AWS_ENDPOINT_URL_CODEPIPELINE": pipeline,
        "AWS_ENDPOINT_URL_CODEDEPLOY": pipeline,
    }
    keys = {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": LAPTOP,
        "AWS_SECRET_ACCESS_KEY": LAPTOP,
        "AWS_PAGER": "",
    }
    return {name: value for name, value in endpoints.items() if value} | keys


def _address(ports: tuple[Port, ...]) -> str:
    return next((f"http://127.0.0.1:{port.published}" for port in ports if port.protocol == "tcp"), "")


def _become(command: list[str], environ: dict[str, str]) -> NoReturn:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"):  # an account's
        environ.pop(name, None)
    sys.stdout.flush()
    os.execve(command[0], command, environ)  # noqa: S606  its exit code becomes ours
