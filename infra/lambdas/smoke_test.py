"""CodeDeploy's lifecycle hook: tries the new version through the test listener before customers get it.

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
    """Answers every deployment: without an answer CodeDeploy waits an hour and fails it."""
    codedeploy, deployment = boto3.client("codedeploy"), event["DeploymentId"]
    try:
        info = codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
        service = info["deploymentGroupName"]
        wrong = problems(service, json.loads(os.environ["SMOKE_TESTS"])[service])
    except Exception as error:  # noqa: BLE001  whatever it is, CodeDeploy must hear of it
        service, wrong = "?", [f"{type(error).__name__}: {error}"]
    status = "Failed" if wrong else "Succeeded"
    print(json.dumps({"deployment": deployment, "service": service, "status": status, "problems": wrong}))
    codedeploy.put_lifecycle_event_hook_execution_status(
        deploymentId=deployment,
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status=status,
    )
    return status


def problems(service: str, test: dict[str, Any]) -> list[str]:
    """What is wrong with the new version; an empty list lets it pass."""
    wrong: list[str] = []
    for host in hosts(test):
        base = f"http://{host}:{test['port']}"
        name = json.loads(body(f"{base}/version", wrong) or "{}").get("service")
        if not wrong and name != service:
            wrong.append(f"{base}/version says service {name!r}, expected {service!r}")
        for path in test["paths"]:
            body(base + path, wrong)
    return wrong


def hosts(test: dict[str, Any]) -> list[str]:
    """The address, or the private ones of a public load balancer: its name leads out into the internet."""
    if "host" in test:
        return [test["host"]]
    found = boto3.client("ec2").describe_network_interfaces(
        Filters=[{"Name": "description", "Values": [f"ELB {test['load_balancer']}"]}]
    )["NetworkInterfaces"]
    if not found:
        raise LookupError(f"load balancer {test['load_balancer']} has no network interface")
    return [interface["PrivateIpAddress"] for interface in found]


def body(url: str, wrong: list[str]) -> str | None:
    """The answer's text; adds to `wrong` when there is none after a few tries."""
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
    wrong.append(f"{url}: {reason}")
    return None
