"""A laptop on which the labs are done: a shop of plain processes that takes faults, and a `make`."""

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import psutil

from labs import __main__ as command_line
from labs.runner import Report, Runner
from labs.settings import Settings
from settings import load
from tests.ports import free_port

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
SERVICES = ("storefront", "catalog", "orders", "console", "xray", "otlp", "aws", "logs")
# make's own recipes, without the installations that they ask for first
MAKE = f"""#!{sys.executable}
import os, re, subprocess, sys
target, *variables = [word for word in sys.argv[1:]]
rules = open({str(ROOT / "Makefile")!r}).read()
recipe = re.search(rf"^{{target}}:.*\\n((?:\\t.*\\n)+)", rules, re.M)[1]
environ = os.environ | dict(variable.split("=", 1) for variable in variables)
script = recipe.replace("\\t@", "").replace("$(BIN)", {str(BIN)!r})
sys.exit(subprocess.run(["bash", "-ec", script], cwd={str(ROOT)!r}, env=environ).returncode)
"""


class Laptop:
    """Ports, a state folder and a PATH of its own; commands are run as a trainee types them."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "lantern"
        self.ports = {name: free_port() for name in SERVICES}
        tools = folder / "tools"
        tools.mkdir()
        (tools / "make").write_text(MAKE)
        (tools / "make").chmod(0o755)
        self.environ = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": str(folder),
            "MODE": "processes",
            "LANTERN_DIR": str(self.home),
            "COMPOSE_PROJECT_NAME": folder.name,
            **{f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()},
        }

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def shell(self, script: str, code: int = 0, **environ: str) -> str:
        """Run what a page shows; returns what it printed."""
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail\n{script}"],
            cwd=ROOT,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, f"{script}\n{done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "laptop", "aws_secret_access_key": "laptop"}
        endpoint = self.url("xray" if service == "xray" else "aws")
        return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", **keys)

    @contextlib.contextmanager
    def shell_variables(self) -> Iterator[None]:
        """This process has the variables that `make` gives to the labs."""
        addresses = {f"{name.upper()}_URL": self.url(name) for name in SERVICES[:4]}
        variables = {
            **self.environ,
            **addresses,
            "AWS_ENDPOINT_URL": self.url("aws"),
            "AWS_ENDPOINT_URL_XRAY": self.url("xray"),
            "XRAY_DAEMON": f"127.0.0.1:{self.ports['xray']}",
            "LABS_DIR": str(self.home / "labs"),
            "AWS_ACCESS_KEY_ID": "laptop",
            "AWS_SECRET_ACCESS_KEY": "laptop",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        with patch.dict(os.environ, variables):
            yield

    def runner(self, **variables: str) -> Runner:
        """The labs' verbs; what they say is dropped."""
        return Runner(load(Settings, os.environ | variables), lambda line: None)

    def explained(self, report: Report) -> str:
        """What `make check` prints of a report."""
        return "\n".join(command_line._as_text(self.runner(), report))

    def inventory(self) -> dict[str, Any]:
        """What a lab could leave behind."""
        xray = self.client("xray")
        runner = self.runner()
        groups = xray.get_paginator("get_groups").paginate()
        rules = xray.get_paginator("get_sampling_rules").paginate()
        products = self.client("dynamodb").scan(
            TableName="lantern-products", ProjectionExpression="sku, shelf"
        )
        return {
            "faults": runner.workspace(runner.store.attempt() or attempt_of_nothing()).shop.faults(),
            "groups": {group["GroupName"] for page in groups for group in page["Groups"]},
            "rules": {
                record["SamplingRule"]["RuleName"] for page in rules for record in page["SamplingRuleRecords"]
            },
            "products": {item["sku"]["S"] for item in products["Items"] if "shelf" in item},
            "processes": {
                process.pid
                for process in psutil.process_iter(["cmdline"])
                if any(str(self.home / "labs") in word for word in process.info["cmdline"] or ())
            },
            "folders": {path.name for path in (self.home / "labs").iterdir() if path.is_dir()},
            "attempt": (self.home / "labs" / "attempt.json").exists(),
        }


def attempt_of_nothing() -> Any:
    from labs.attempts import Attempt

    return Attempt("", "", 0, 0.0)


def blocks(text: str) -> list[str]:
    """The commands that a page shows: one script for each block."""
    return re.findall(r"```sh\n(.*?)```", text, re.S)


def printed(function: Any, *arguments: Any) -> str:
    """What a function prints."""
    with contextlib.redirect_stdout(io.StringIO()) as output:
        function(*arguments)
    return output.getvalue()
