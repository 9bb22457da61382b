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

TRIES, PAUSE_S, TIMEOUT_S = 5, 2, 5


def handler(event: dict[str, str], _context: Any) -> str:
    """Test the deployment's new version and tell CodeDeploy the result, which it waits for up to an hour."""
    codedeploy, deployment = boto3.client("codedeploy"), event["DeploymentId"]
    try:
        info = codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
        service = info["deploymentGroupName"]
        failures = problems(service, json.loads(os.environ["SMOKE_TESTS"])[service])
    except Exception as error:  # noqa: BLE001  whatever it is, CodeDeploy must be told
        service, failures = "?", [f"{type(error).__name__}: {error}"]
    status = "Failed" if failures else "Succeeded"
    print(json.dumps({"deployment": deployment, "service": service, "status": status, "problems": failures}))
    codedeploy.put_lifecycle_event_hook_execution_status(
        deploymentId=deployment,
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status=status,
    )
    return status


def problems(service: str, test: dict[str, Any]) -> list[str]:
    """What is wrong with the new version of `service`; `test` has its load balancer, port and paths."""
    failures: list[str] = []
    for host in hosts(test):
        base = f"http://{host}:{test['port']}"
        name = json.loads(body(f"{base}/version", failures) or "{}").get("service")
        if not failures and name != service:
            failures.append(f"{base}/version says service {name!r}, expected {service!r}")
        for path in test["paths"]:
            body(base + path, failures)
    return failures


def hosts(test: dict[str, Any]) -> list[str]:
    """The load balancer's address; of a public one the private addresses, to which its name does not lead."""
    if "host" in test:
        return [test["host"]]
    interfaces = boto3.client("ec2").describe_network_interfaces(
        Filters=[{"Name": "description", "Values": [f"ELB {test['load_balancer']}"]}]
    )["NetworkInterfaces"]
    if not interfaces:
        raise LookupError(f"load balancer {test['load_balancer']} has no network interface")
    return [interface["PrivateIpAddress"] for interface in interfaces]


def body(url: str, failures: list[str]) -> str | None:
    """The text of the response; None after `TRIES` failures, the last of which is added to `failures`."""
    for attempt in range(TRIES):
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            reason = f"status {error.code}: {error.read(300).decode(errors='replace')}"
        except OSError as error:
            reason = str(error)
        if attempt + 1 < TRIES:
            time.sleep(PAUSE_S)
    failures.append(f"{url}: {reason}")
    return None
