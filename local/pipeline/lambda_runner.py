"""Runs the templates' Lambda functions, each invocation in a container of its own.

The local AWS runs nothing that a request brings along, so Lambda is not among its services. Here only the
code of the templates is run: as a user of its own, without capabilities, on the tasks' network, from which
the pipeline is not reached but for what the relay in `load_balancing.haproxy` lets through.
"""

import json
import logging
import secrets
import time
from collections.abc import Mapping
from typing import Any

import botocore.exceptions
import docker
import docker.errors
import requests

from local.awsapi.account import REGION
from local.pipeline.ecs.task_containers import LABEL, MIB
from local.pipeline.iam.sessions import Sessions
from local.pipeline.local_aws import LocalAws
from local.pipeline.settings import Settings

log = logging.getLogger(__name__)

USER = "10002:10002"  # nobody else's, neither here nor among the stand-ins
DEFAULT_TIMEOUT_S, DEFAULT_MEMORY_MB = 3, 128  # Lambda's own
BOOTSTRAP = """\
import json, os, time, types
ends_at = time.monotonic() + float(os.environ["_TIMEOUT_S"])
class Context:
    def get_remaining_time_in_millis(self):
        return int((ends_at - time.monotonic()) * 1000)
module = types.ModuleType("index")
exec(compile(os.environ["_CODE"], "index.py", "exec"), module.__dict__)
getattr(module, os.environ["_HANDLER"].rpartition(".")[2])(json.loads(os.environ["_EVENT"]), Context())
"""


class InvocationError(Exception):
    """A function could not be invoked."""


class LambdaRunner:
    """Knows the functions by their names; `functions` are their CloudFormation properties."""

    def __init__(
        self, functions: Mapping[str, Mapping[str, Any]], settings: Settings, sessions: Sessions
    ) -> None:
        self._functions, self._settings, self._sessions = functions, settings, sessions
        self._engine = docker.from_env(timeout=60)

    def invoke(self, name: str, event: Mapping[str, str]) -> str:
        """Run a function and wait for its end; return the error inside it, or an empty text.

        Raises InvocationError when it could not be run."""
        function = self._functions.get(name)
        if function is None:
            raise InvocationError(f"Function not found: {name}")
        try:
            aws = self._sessions.acting("lambda", function["Role"], name)
            return self._run(aws, name, function, event)
        except docker.errors.DockerException as error:
            raise InvocationError(str(error)) from None
        except botocore.exceptions.ClientError as error:
            raise InvocationError(str(error)) from None

    def _run(self, aws: LocalAws, name: str, function: Mapping[str, Any], event: Mapping[str, str]) -> str:
        timeout_s = int(function.get("Timeout", DEFAULT_TIMEOUT_S))
        container = self._engine.api.create_container_from_config(  # type: ignore[no-untyped-call]
            self._container(aws, name, function, event)
        )["Id"]
        try:
            self._engine.api.start(container)
            return self._result(aws, name, container, timeout_s)
        finally:
            self._engine.api.remove_container(container, force=True, v=True)

    def _container(
        self, aws: LocalAws, name: str, function: Mapping[str, Any], event: Mapping[str, str]
    ) -> dict[str, Any]:
        """The function's container, as a body of Docker's API."""
        environment = {
            **function.get("Environment", {}).get("Variables", {}),
            **self._settings.aws_environment(aws.access_key_id),
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL_CODEDEPLOY": self._settings.hook_url,
            "AWS_ENDPOINT_URL_EC2": self._settings.hook_url,
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "HOME": "/tmp",  # noqa: S108  the one folder that it can write to, and the container's own
            "_CODE": function["Code"]["ZipFile"],
            "_HANDLER": function["Handler"],
            "_EVENT": json.dumps(event),
            "_TIMEOUT_S": str(function.get("Timeout", DEFAULT_TIMEOUT_S)),
        }
        return {
            "Image": self._settings.build_image,
            "Cmd": ["/venv/bin/python3", "-c", BOOTSTRAP],
            "User": USER,
            "WorkingDir": "/tmp",  # noqa: S108
            "Env": [f"{variable}={value}" for variable, value in environment.items()],
            "Labels": {LABEL: self._settings.project, f"{LABEL}.function": name},
            "HostConfig": {
                "NetworkMode": self._settings.network,
                "Init": True,
                "ReadonlyRootfs": True,
                "Tmpfs": {"/tmp": "size=16m,mode=1777"},  # noqa: S108
                "CapDrop": ["ALL"],
                "SecurityOpt": ["no-new-privileges:true"],
                "Memory": int(function.get("MemorySize", DEFAULT_MEMORY_MB)) * MIB,
                "PidsLimit": 64,
                "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
            },
        }

    def _result(self, aws: LocalAws, name: str, container: str, timeout_s: int) -> str:
        """Wait for the end, keep the log where Lambda keeps it, and return what went wrong."""
        try:
            status = self._engine.api.wait(container, timeout=timeout_s)["StatusCode"]
            problem = ""
        except (requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError):
            status, problem = None, f"Task timed out after {timeout_s:.2f} seconds"
        lines = self._engine.api.logs(container).decode(errors="replace").splitlines()
        now_ms = int(time.time() * 1000)
        group = self._functions[name].get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}"
        aws.put_logs(group, secrets.token_hex(16), [(now_ms, line) for line in lines if line.strip()])
        return problem or ("" if status == 0 else (lines or [f"exit code {status}"])[-1])
