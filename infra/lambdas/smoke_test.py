"""CodeDeploy's lifecycle hook: tests a new version through the test listener before customers get it.

https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
"""

import json
import os
import time
import urllib.error
import urllib.request
from typing import Any

import boto3
from botocore.config import Config

TRIES, PAUSE_S = 5, 2
REQUEST_S = 1.75  # a calling service waits no longer: DEADLINE_MS less its margin
RESULT_S = 20  # kept back of the function's time, to tell CodeDeploy the result
AWS = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})


class SmokeTestError(Exception):
    """The new version failed."""


def handler(event: dict[str, str], context: Any) -> str:
    """Test the new version and tell CodeDeploy the result, which it waits for up to an hour."""
    ends_at = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESULT_S
    codedeploy, deployment = boto3.client("codedeploy", config=AWS), event["DeploymentId"]
    service, failures = "?", []
    try:
        info = codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
        service = info["deploymentGroupName"]
        check(service, json.loads(os.environ["SMOKE_TESTS"])[service], ends_at)
    except SmokeTestError as error:
        failures = [str(error)]
    except Exception as error:  # noqa: BLE001  whatever it is, CodeDeploy must be told
        failures = [f"{type(error).__name__}: {error}"]
    status = "Failed" if failures else "Succeeded"
    print(json.dumps({"deployment": deployment, "service": service, "status": status, "problems": failures}))
    codedeploy.put_lifecycle_event_hook_execution_status(
        deploymentId=deployment,
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status=status,
    )
    return status


def check(service: str, test: dict[str, Any], ends_at: float) -> None:
    """Raise SmokeTestError at the first failure; `test` has load balancer, port and paths."""
    for host in hosts(test):
        base = f"http://{host}:{test['port']}"
        name = json.loads(body(f"{base}/version", ends_at)).get("service")
        if name != service:
            raise SmokeTestError(f"{base}/version says service {name!r}, expected {service!r}")
        for path in test["paths"]:
            body(base + path, ends_at)


def hosts(test: dict[str, Any]) -> list[str]:
    """The load balancer's address; a public one's private ones, to which its name does not lead."""
    if "host" in test:
        return [test["host"]]
    interfaces = boto3.client("ec2", config=AWS).describe_network_interfaces(
        Filters=[{"Name": "description", "Values": [f"ELB {test['load_balancer']}"]}]
    )["NetworkInterfaces"]
    if not interfaces:
        raise LookupError(f"load balancer {test['load_balancer']} has no network interface")
    return [interface["PrivateIpAddress"] for interface in interfaces]


def body(url: str, ends_at: float) -> str:
    """The response. Raises SmokeTestError after `TRIES` failures, or when the time is over."""
    reason = "not asked yet"
    for attempt in range(TRIES):
        if time.monotonic() + REQUEST_S > ends_at:
            raise SmokeTestError(f"{url}: the smoke test's time is over; {reason}")
        try:
            return text(url)
        except urllib.error.HTTPError as error:
            reason = f"status {error.code}: {error.read(300).decode(errors='replace')}"
        except OSError as error:
            reason = str(error)
        if attempt + 1 < TRIES:
            time.sleep(PAUSE_S)
    raise SmokeTestError(f"{url}: {reason}")


def text(url: str) -> str:
    """One response, within `REQUEST_S`."""
    parts, ends_at = [], time.monotonic() + REQUEST_S
    with urllib.request.urlopen(url, timeout=REQUEST_S) as answer:
        while part := answer.read1():
            parts.append(part)
            if time.monotonic() > ends_at:
                raise TimeoutError(f"no whole answer in {REQUEST_S} s")
    return b"".join(parts).decode()
