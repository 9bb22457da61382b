"""`make deploy`: every stack in order, and between them images, products and the code of DORA's functions."""

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.operations import deployment_guard, images, lambda_package, zones
from infra.operations.account import Account
from infra.operations.errors import AccountError
from infra.operations.stacks import POLL_S, Change, Stacks, StillChanging
from infra.shop import CLUSTER, CONTAINER, OUTLIVED, PROJECT, SERVICE_STACKS, STACKS, stack_name
from infra.template import FOLDER

Say = Callable[[str], None]

SEED = ["python3", "-m", "services.catalog.seed"]
SEED_TIMEOUT_S = 300
HEALTHY_S = 900  # in which the first tasks are healthy; CloudFormation itself waits for three hours


def deploy(
    account: Account, parameters: dict[str, str], say: Say, *, folder: Path = FOLDER, poll_s: float = POLL_S
) -> None:
    """Create or update every stack. Raises OperationError at the first failure.

    It can be run again: a stack is updated only where its template or a parameter changed.
    """
    zones.check(account)
    stacks = Stacks(account, poll_s=poll_s)
    new_services = [part for part in SERVICE_STACKS if not stacks.exists(stack_name(part))]
    # Later images are the pipeline's: it would find this one under the commit's tag, and nobody tested it
    tag = images.commit() if new_services else ""
    say(f"Account {account.number}, region {account.region}{f', commit {tag[:12]}' if tag else ''}")
    for part in STACKS:
        values = {**parameters, **({"ImageTag": tag} if tag else {})}
        if part == "dora":
            values["DoraCodeKey"] = lambda_package.upload(account, say)
        _stack(account, stacks, part, values, say, folder)
        if part == "foundation":
            _push_images(account, new_services, tag, say)
        if part == "dora":
            lambda_package.check_functions(account)
        if part == SERVICE_STACKS[-1]:
            _add_products(account, stacks, say, poll_s)
    _print_addresses(account, stacks, say)


def _stack(
    account: Account, stacks: Stacks, part: str, parameters: dict[str, str], say: Say, folder: Path
) -> None:
    name = stack_name(part)
    template = folder / f"{name}.json"
    declared = list(json.loads(template.read_text()).get("Parameters", {}))
    values = {key: value for key, value in parameters.items() if key in declared}
    exists = stacks.exists(name)
    if exists:
        values.pop("ImageTag", None)  # the pipeline has deployed others since
    changes = stacks.plan(name, template, declared, values, import_existing=part in OUTLIVED)
    if not changes:
        say(f"{name}: nothing to change")
        return
    if exists and part in SERVICE_STACKS:
        try:
            deployment_guard.check(account, part, changes)
        except AccountError:
            stacks.discard(name)
            raise
    say(f"{name}: {_summary(changes)}")
    try:
        for line in stacks.execute(name, **({"within_s": HEALTHY_S} if part in SERVICE_STACKS else {})):
            say(f"  {line}")
    except StillChanging as error:
        raise AccountError(f"{error}: {_why(account, part)}") from None


def _why(account: Account, service: str) -> str:
    """What ECS last said of a service whose tasks don't become healthy, and what to do."""
    services = account.client("ecs").describe_services(cluster=CLUSTER, services=[service])["services"]
    events = [event["message"] for ecs_service in services for event in ecs_service.get("events", [])]
    name = stack_name(service)
    return (
        f"{'; '.join(events[:3]) or 'ECS says nothing'}. CloudFormation would wait for three hours: read the "
        f"log group /{PROJECT}/{service}, then 'aws cloudformation delete-stack --stack-name {name}', mend "
        "and commit, and deploy again"
    )


def _summary(changes: list[Change]) -> str:
    counts = Counter(change.action for change in changes)
    replaced = [change.resource for change in changes if change.replacement == "True"]
    actions = [action for action in ("Add", "Import", "Modify", "Remove") if counts[action]]
    text = ", ".join(f"{counts[action]} to {action.lower()}" for action in actions)
    return f"{text}; replaces {', '.join(replaced)}" if replaced else text


def _push_images(account: Account, new_services: list[str], tag: str, say: Say) -> None:
    for repository, image_tag in images.missing(account, new_services, tag):
        say(f"image {repository}:{image_tag[:12]}: build and push")
        images.push_first(account, repository, image_tag)


def _add_products(account: Account, stacks: Stacks, say: Say, poll_s: float) -> None:
    """Run one task of the catalog that adds the products; those that exist stay as they are."""
    network = stacks.outputs(stack_name("network"))
    ecs = account.client("ecs")
    started = ecs.run_task(
        cluster=CLUSTER,
        taskDefinition=_revision(ecs, "catalog"),
        launchType="FARGATE",
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": network["PrivateSubnets"].split(","),
                "securityGroups": [network["CatalogSecurityGroup"]],
                "assignPublicIp": "DISABLED",
            }
        },
        overrides={"containerOverrides": [{"name": CONTAINER, "command": SEED}]},
    )
    if not started["tasks"]:
        raise AccountError(f"the task that adds the products did not start: {started['failures']}")
    task, ends_at = started["tasks"][0]["taskArn"], time.monotonic() + SEED_TIMEOUT_S
    while time.monotonic() < ends_at:
        containers = ecs.describe_tasks(cluster=CLUSTER, tasks=[task])["tasks"][0]["containers"]
        app = next(container for container in containers if container["name"] == CONTAINER)
        if "exitCode" in app:
            break
        time.sleep(poll_s)
    else:
        raise AccountError(f"the task that adds the products did not end in {SEED_TIMEOUT_S} s: {task}")
    if app["exitCode"]:
        raise AccountError(
            f"the task that adds the products ended with {app['exitCode']}; its log: /lantern/catalog"
        )
    say("catalog: the products are in the table")


def _revision(ecs: Any, service: str) -> str:
    """The task definition that the service runs: the family's latest may be of an image that is gone."""
    ecs_service = ecs.describe_services(cluster=CLUSTER, services=[service])["services"][0]
    primary = [entry for entry in ecs_service.get("taskSets", []) if entry["status"] == "PRIMARY"]
    return str((primary or [ecs_service])[0]["taskDefinition"])


def _print_addresses(account: Account, stacks: Stacks, say: Say) -> None:
    address = stacks.outputs(stack_name("platform"))["PublicLoadBalancerAddress"]
    say(f"The shop: http://{address} (https with a certificate)")
    remote = f"https://git-codecommit.{account.region}.amazonaws.com/v1/repos/{PROJECT}"
    say(f"Deploy a commit: git push {remote} HEAD:main")
