"""`make deploy`: every stack in the order they live, with images, lanterns and DORA's code in between."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from infra.operations import deployment_guard, images, lambda_package
from infra.operations.account import Account
from infra.operations.errors import AccountError
from infra.operations.stacks import POLL_S, Change, Stacks
from infra.shop import CLUSTER, CONTAINER, PROJECT, SERVICE_STACKS, STACKS, stack_name
from infra.template import FOLDER

Say = Callable[[str], None]

SEED = ["python3", "-m", "services.catalog.seed"]
SEED_TIMEOUT_S = 300


def deploy(
    account: Account, parameters: dict[str, str], say: Say, *, folder: Path = FOLDER, poll_s: float = POLL_S
) -> None:
    """Make or change every stack; raises OperationError at the first thing that goes wrong.

    What is there already is changed only where the template or a parameter changed, so it can be run again.
    """
    tag = images.commit()
    stacks = Stacks(account, poll_s=poll_s)
    say(f"Account {account.number}, region {account.region}, commit {tag[:12]}")
    for part in STACKS:
        given = {**parameters, "ImageTag": tag}
        if part == "dora":
            given["DoraCodeKey"] = lambda_package.upload(account, say)
        _stack(account, stacks, part, given, say, folder)
        if part == "foundation":
            _push_images(account, tag, say)
        if part == SERVICE_STACKS[-1]:
            _fill_the_shelf(account, stacks, say, poll_s)
    _say_goodbye(account, stacks, say)


def _stack(
    account: Account, stacks: Stacks, part: str, parameters: dict[str, str], say: Say, folder: Path
) -> None:
    name = stack_name(part)
    template = folder / f"{name}.json"
    declared = list(json.loads(template.read_text()).get("Parameters", {}))
    given = {key: value for key, value in parameters.items() if key in declared}
    there = stacks.status(name) not in (None, "REVIEW_IN_PROGRESS")
    if there:
        given.pop("ImageTag", None)  # what runs now is the pipeline's business
    changes = stacks.plan(name, template, declared, given)
    if not changes:
        say(f"{name}: nothing to change")
        return
    if there and part in SERVICE_STACKS:
        try:
            deployment_guard.check(account, part, changes)
        except AccountError:
            stacks.forget(name)
            raise
    say(f"{name}: {_summary(changes)}")
    for line in stacks.execute(name):
        say(f"  {line}")


def _summary(changes: list[Change]) -> str:
    counts = {action: sum(one.action == action for one in changes) for action in ("Add", "Modify", "Remove")}
    replaced = [one.resource for one in changes if one.replacement == "True"]
    text = ", ".join(f"{count} to {action.lower()}" for action, count in counts.items() if count)
    return f"{text}; replaces {', '.join(replaced)}" if replaced else text


def _push_images(account: Account, tag: str, say: Say) -> None:
    for repository, one in images.missing(account, tag):
        say(f"image {repository}:{one[:12]}: build and push")
        images.push_first(account, repository, one)


def _fill_the_shelf(account: Account, stacks: Stacks, say: Say, poll_s: float) -> None:
    """One task of the catalog that puts the lanterns on the shelf and leaves those that are there alone."""
    network = stacks.outputs(stack_name("network"))
    ecs = account.client("ecs")
    started = ecs.run_task(
        cluster=CLUSTER,
        taskDefinition=stack_name("catalog"),
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
        raise AccountError(f"the task that fills the shelf did not start: {started['failures']}")
    task, ends_at = started["tasks"][0]["taskArn"], time.monotonic() + SEED_TIMEOUT_S
    while time.monotonic() < ends_at:
        said = ecs.describe_tasks(cluster=CLUSTER, tasks=[task])["tasks"][0]
        app = next(one for one in said["containers"] if one["name"] == CONTAINER)
        if "exitCode" in app:
            break
        time.sleep(poll_s)
    else:
        raise AccountError(f"the task that fills the shelf did not end in {SEED_TIMEOUT_S} s: {task}")
    if app["exitCode"]:
        raise AccountError(
            f"the task that fills the shelf ended with {app['exitCode']}; its log: /lantern/catalog"
        )
    say("catalog: the lanterns are on the shelf")


def _say_goodbye(account: Account, stacks: Stacks, say: Say) -> None:
    address = stacks.outputs(stack_name("platform"))["PublicLoadBalancerAddress"]
    say(f"The shop: http://{address} (https with a certificate)")
    remote = f"https://git-codecommit.{account.region}.amazonaws.com/v1/repos/{PROJECT}"
    say(f"Deploy a commit: git push {remote} HEAD:main")
