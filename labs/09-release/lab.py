"""A commit to 100 %: blue/green, test listener, canary."""

from labs import git, local_commands
from labs.deliveries import Deliveries, Deployment, Execution, not_released
from labs.lab import Hints, Lab, Question, Result, Step, done, not_yet, wrong
from labs.readings import SERVICES, same_number, same_word
from labs.workspace import Workspace

EXPECTED = "a commit of this attempt serves all traffic of all three services"
EXACT_S = 0.5
DEPLOYMENTS = 'make aws CALL="deploy get-deployment-target …", or the console\'s Deployments'


def prepare(work: Workspace) -> None:
    """Choose the service that is asked about, and make a work tree for the commit."""
    work.facts["service"] = work.random("service").choice(SERVICES)
    work.save()
    work.work_tree()
    work.save()


def newest(work: Workspace) -> Execution | None:
    """The attempt's newest execution."""
    executions = work.once(Deliveries).executions
    return executions[-1] if executions else None


def deployed(work: Workspace) -> Deployment | None:
    """The newest deployment of the lab's service that succeeded and is no rollback."""
    candidates = [
        each
        for each in work.once(Deliveries).deployments
        if each.service == work.facts["service"] and each.status == "Succeeded" and each.is_by_pipeline
    ]
    return candidates[-1] if candidates else None


def check_released(work: Workspace) -> Result:
    """Whether the newest execution brought a commit of this attempt to production."""
    execution = newest(work)
    missing = not_released(work, EXPECTED, execution)
    if missing or execution is None:
        return missing or not_yet(EXPECTED, "no execution", "make rehearse")
    version = version_in_production(work)
    if version != execution.version:
        return wrong(
            EXPECTED, f"production serves {version}, not {execution.version}", work.settings.rehearsed
        )
    return done(f"{version}: {execution.summary}")


def solve_released(work: Workspace) -> None:
    """Commit, rehearse."""
    git.commit_all(work.facts["tree"], "Sell lanterns by the dozen")
    local_commands.rehearse(work.facts["branch"])


def hints_of_released(work: Workspace) -> Hints:
    """What the newest execution is."""
    execution = newest(work)
    state = f"Execution {execution.id}: {execution.status}." if execution else "No execution so far."
    return (
        f"{state} {work.page('deployments')} shows each stage and lifecycle event.",
        "A commit in the lab's work tree, and make rehearse with the name of its branch.",
        f"make rehearse COMMIT={work.facts['branch']}",
    )


def version_in_production(work: Workspace) -> str:
    """The version that the rehearsed shop says."""
    body = work.shop.ask(f"{work.settings.rehearsed}/version").body
    return str(body["version"]) if isinstance(body, dict) and "version" in body else f"{body}"


def judge_version(work: Workspace, value: str) -> Result:
    """Whether the answer is production's version, of this attempt."""
    if deployed(work) is None:
        return not_deployed(work, "the version after your own deployment")
    version, shop = version_in_production(work), f"{work.settings.rehearsed}/version"
    if len(value) > len(version) and value.startswith(version):
        return wrong(f"{len(version)} characters", f"the commit's whole id, {value}", shop)
    return same_word(value, version, "the version that the rehearsed shop says", shop)


def hints_of_version(work: Workspace) -> Hints:
    """Where it is said."""
    shop = f"{work.settings.rehearsed}/version"
    return (
        "The shop that the pipeline deploys to is another one than that of make up.",
        f"Each service says its version: {shop}",
        f"curl -s {shop}, then make answer VALUE=…",
    )


def not_deployed(work: Workspace, expected: str) -> Result:
    """Task 1 comes first."""
    service = work.facts["service"]
    return not_yet(expected, f"no deployment of {service} in this attempt succeeded so far", "task 1")


def judge_group(work: Workspace, value: str) -> Result:
    """Whether the answer is the target group with production's traffic."""
    deployment = deployed(work)
    kind = f"the target group with 100 % of {work.facts['service']}'s traffic"
    if deployment is None:
        return not_deployed(work, kind)
    weights = {name.lower(): weight for name, weight in deployment.target_groups.items()}
    name = value.strip().lower()
    if name in weights and weights[name] < 100:
        return wrong(
            kind,
            f"{name}, whose traffic weight is {weights[name]:.0f}",
            DEPLOYMENTS,
            work.page("deployments"),
        )
    return same_word(value, group(work), kind, DEPLOYMENTS, work.page("deployments"))


def group(work: Workspace) -> str:
    """The target group that has all of production's traffic."""
    deployment = deployed(work)
    weights = deployment.target_groups if deployment else {}
    return max(weights, key=lambda name: weights[name], default="")


def hints_of_group(work: Workspace) -> Hints:
    """Task sets."""
    deployment = deployed(work)
    key = deployment.id if deployment else "d-… (once it is there)"
    call = f"deploy get-deployment-target --target-id lantern:{work.facts['service']} --deployment-id {key}"
    return (
        "A deployment's target has two task sets, Blue and Green, each with a target group and a weight.",
        f'Read taskSetsInfo: make aws CALL="{call}"',
        f"make answer VALUE={group(work)}" if deployment else "Do task 1 first: make rehearse",
    )


def tried_s(work: Workspace) -> float:
    """Seconds from the test listener's switch to the first customer; -1 before there is a deployment."""
    deployment = deployed(work)
    if deployment is None:
        return -1.0
    return deployment.events["AllowTraffic"].began - deployment.events["AllowTestTraffic"].began


def canary_s(work: Workspace) -> float:
    """Seconds of AllowTraffic; -1 before there is a deployment."""
    deployment = deployed(work)
    return -1.0 if deployment is None else deployment.length_s("AllowTraffic")


def judge_tried(work: Workspace, value: str) -> Result:
    """Whether the answer is the time for tests."""
    kind = "seconds from the beginning of AllowTestTraffic to that of AllowTraffic"
    if tried_s(work) < 0:
        return not_deployed(work, kind)
    return same_number(value, tried_s(work), EXACT_S, kind, DEPLOYMENTS, work.page("deployments"))


def judge_canary(work: Workspace, value: str) -> Result:
    """Whether the answer is the time that AllowTraffic took."""
    kind = "seconds from the beginning of AllowTraffic to its end, as it was here"
    seconds = canary_s(work)
    if seconds < 0:
        return not_deployed(work, kind)
    if value.strip() == "300":
        return wrong(kind, "300, which AWS would wait; time is hurried here", DEPLOYMENTS)
    return same_number(value, seconds, EXACT_S, kind, DEPLOYMENTS, work.page("deployments"))


def hints_of_times(event: str, other: str, answer: str) -> Hints:
    """Lifecycle events."""
    return (
        "A deployment's target lists its lifecycle events with the time of their beginning and end.",
        f"Take lifecycleEvents of get-deployment-target: {event}, and {other}.",
        f"make answer VALUE={answer}",
    )


def hints_of_tried(work: Workspace) -> Hints:
    """The two beginnings."""
    return hints_of_times(
        "startTime of AllowTestTraffic", "startTime of AllowTraffic", f"{tried_s(work):.1f}"
    )


def hints_of_canary(work: Workspace) -> Hints:
    """Beginning and end."""
    return hints_of_times("startTime of AllowTraffic", "its endTime", f"{canary_s(work):.1f}")


LAB = Lab(
    title="A commit to 100 %: blue/green, test listener, canary",
    minutes=20,
    needs_docker=True,
    prepare=prepare,
    steps=(
        Step("released", check_released, hints_of_released, solve_released),
        Question("version", judge_version, hints_of_version, version_in_production),
        Question("group", judge_group, hints_of_group, group),
        Question("tried", judge_tried, hints_of_tried, lambda work: f"{tried_s(work):.1f}"),
        Question("canary", judge_canary, hints_of_canary, lambda work: f"{canary_s(work):.1f}"),
    ),
)
