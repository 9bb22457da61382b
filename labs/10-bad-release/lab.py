"""A bad release: alarm, rollback, then the fix forward."""

import re

from labs import git, local_commands
from labs.deliveries import STOPPED_BY_ALARM, UNDER_WAY, Deliveries, Deployment, Execution, not_released
from labs.errors import LabError
from labs.lab import Hints, Lab, Question, Result, Step, done, not_yet, wait, wrong
from labs.readings import same_number
from labs.workspace import Workspace

# by the mistake, which only the seed knows: the colleague's message
SUBJECTS = {"slow": "Ask the warehouse what it has", "errors": "Give a discount to every fifth customer"}
STOPPED = "CodeDeploy has stopped the colleague's release by an alarm, and rolled back"
FIXED = "a commit of yours that is newer than the colleague's serves all traffic"
EXACT_S = 0.5
ALARM = re.compile(r"lantern-[a-z0-9-]+")
LOOK = 'make aws CALL="deploy get-deployment --deployment-id …", or the console\'s Deployments'


def prepare(work: Workspace) -> None:
    """Commit one of the prepared mistakes on a branch of the lab's own."""
    mistake = work.random("mistake").choice(sorted(SUBJECTS))
    work.facts["bad"] = git.commit_mistake(work.work_tree(), mistake, SUBJECTS[mistake])
    work.save()


def release(work: Workspace) -> Execution | None:
    """The newest execution of the colleague's commit."""
    executions = [each for each in work.once(Deliveries).executions if each.commit == work.facts["bad"]]
    return executions[-1] if executions else None


def stopped(work: Workspace) -> Deployment | None:
    """The deployment of the colleague's commit that an alarm has stopped."""
    execution = release(work)
    if execution is None:
        return None
    deployments = work.once(Deliveries).of(execution)
    return next((each for each in deployments if each.error_code == STOPPED_BY_ALARM), None)


def check_stopped(work: Workspace) -> Result:
    """Whether the release was stopped by an alarm and the traffic is back."""
    execution, deployment = release(work), stopped(work)
    look, link = f"make rehearse COMMIT={work.facts['branch']}", work.page("deployments")
    if execution is None:
        return not_released_yet(work)
    if deployment is None:
        if execution.status in UNDER_WAY:
            return wait(f"the end of execution {execution.id}", "it is under way", "Deployments", link)
        ended = not_released(work, STOPPED, execution)
        found = ended.found if ended else f"execution {execution.id} succeeded: no alarm went off"
        return wrong(STOPPED, f"{found}; with RATE=0 no shopper notices anything", look, link)
    rolled_back = [each for each in work.once(Deliveries).deployments if not each.is_by_pipeline]
    if any(each.status in UNDER_WAY for each in rolled_back):
        return wait("the end of the rollback", f"{deployment.service} is being rolled back", link, link)
    return done(f"{deployment.service} by {STOPPED_BY_ALARM}, rolled back")


def not_released_yet(work: Workspace) -> Result:
    """The colleague's commit never entered the pipeline in this attempt."""
    executions = work.once(Deliveries).executions
    look, link = f"make rehearse COMMIT={work.facts['branch']}", work.page("deployments")
    if not executions:
        return not_yet(STOPPED, "no execution of the pipeline since this attempt began", look, link)
    found = f"execution {executions[-1].id} is of {executions[-1].version}, not of {work.facts['bad'][:7]}"
    return wrong(STOPPED, found, look, link)


def hints_of_stopped(work: Workspace) -> Hints:
    """What there is."""
    execution = release(work)
    state = f"Its execution: {execution.status}." if execution else "It has not entered the pipeline."
    return (
        f"{state} {work.page('deployments')} shows it.",
        f"The colleague's commit is {work.facts['bad'][:7]}; alarms need the shoppers of make rehearse.",
        f"make rehearse COMMIT={work.facts['branch']}",
    )


def no_stop(expected: str) -> Result:
    """Task 1 comes first."""
    return not_yet(expected, "no alarm has stopped the colleague's release so far", "task 1")


def alarms(work: Workspace) -> list[str]:
    """The alarms that CodeDeploy names as the reason, and those of the service that rang meanwhile."""
    deployment = stopped(work)
    if deployment is None:
        return []
    named = ALARM.findall(deployment.error)
    began = deployment.events["AllowTraffic"].began
    rang = work.once(Deliveries).rang(deployment.service, began, deployment.ended)
    return list(dict.fromkeys([*named, *rang]))


def judge_alarm(work: Workspace, value: str) -> Result:
    """Whether the answer is an alarm that stopped the release."""
    kind, link = "the name of the alarm that CodeDeploy gives as its reason", work.page("deployments")
    deployment, name = stopped(work), value.strip()
    if deployment is None:
        return no_stop(kind)
    if name in alarms(work):
        return done(name)
    service = next((each for each in ("catalog", "orders", "storefront") if f"-{each}-" in f"-{name}-"), "")
    if service and service != deployment.service:
        return wrong(kind, f"{name}, an alarm of {service}; {deployment.service} was rolled back", LOOK, link)
    return wrong(kind, f"{name}, which did not ring in that deployment", LOOK, link)


def hints_of_alarm(work: Workspace) -> Hints:
    """The error."""
    deployment = stopped(work)
    key = deployment.id if deployment else "d-…"
    return (
        "A deployment that was stopped says why: errorInformation.",
        f'make aws CALL="deploy get-deployment --deployment-id {key}"',
        f"make answer VALUE={next(iter(alarms(work)), '…')}",
    )


def judge_share(work: Workspace, value: str) -> Result:
    """Whether the answer is the largest share of traffic that the bad version had."""
    kind, deployment = "the largest traffic weight that the bad version had, in percent", stopped(work)
    if deployment is None:
        return no_stop(kind)
    look = f"did AllowTraffic of {deployment.id} succeed or fail?"
    return same_number(value, share(work), 0.1, kind, look, work.page("deployments"))


def share(work: Workspace) -> int:
    """The largest share; -1 before there is one."""
    deployment = stopped(work)
    return -1 if deployment is None else work.once(Deliveries).share_percent(deployment)


def hints_of_share(work: Workspace) -> Hints:
    """Where the deployment failed."""
    return (
        "Look at which lifecycle event has failed, and which had succeeded before.",
        "AllowTraffic failed: the canary's share. It succeeded, and the deployment was stopped later: all.",
        f"make answer VALUE={share(work)}",
    )


def exposed_s(work: Workspace) -> float:
    """Seconds from the first customer on the bad version to the end; -1 before there is one."""
    deployment = stopped(work)
    return -1.0 if deployment is None else deployment.ended - deployment.events["AllowTraffic"].began


def judge_exposed(work: Workspace, value: str) -> Result:
    """Whether the answer is the time in which customers could get the bad version."""
    kind = "seconds from AllowTraffic's startTime to the deployment's completeTime"
    if exposed_s(work) < 0:
        return no_stop(kind)
    return same_number(value, exposed_s(work), EXACT_S, kind, LOOK, work.page("deployments"))


def hints_of_exposed(work: Workspace) -> Hints:
    """Two times."""
    return (
        "get-deployment has completeTime, get-deployment-target the times of the lifecycle events.",
        "completeTime minus the startTime of AllowTraffic.",
        f"make answer VALUE={exposed_s(work):.1f}",
    )


def check_fixed(work: Workspace) -> Result:
    """Whether a newer commit than the colleague's went to all traffic after it."""
    bad, link = release(work), work.page("deployments")
    look = f"mend {work.facts['tree']}, commit, make rehearse COMMIT={work.facts['branch']}"
    if bad is None or stopped(work) is None:
        return not_yet(FIXED, "the colleague's release was not stopped so far", "task 1", link)
    later = [each for each in work.once(Deliveries).executions if each.began > bad.began]
    if not later:
        return not_yet(FIXED, "no execution since the bad release", look, link)
    missing = not_released(work, FIXED, later[-1])
    if missing:
        return missing
    return done(f"{later[-1].version}: {later[-1].summary}")


def solve_fixed(work: Workspace) -> None:
    """Take the mistake out, commit with the deployment's name, rehearse. Raises LabError."""
    deployment = stopped(work)
    if deployment is None:
        raise LabError("The colleague's release was not stopped so far; make lab prepares it again")
    tree = work.facts["tree"]
    git.run(tree, *git.TRAINEE, "revert", "--no-commit", work.facts["bad"])
    git.commit_all(tree, "Take the mistake out again", f"Fixes-Deployment: {deployment.id}")
    work.until(is_quiet, "the alarms to go off again")
    local_commands.rehearse(work.facts["branch"])


def is_quiet(work: Workspace) -> bool:
    """Whether no alarm of the services is on."""
    answer = work.delivery_client("cloudwatch").describe_alarms(StateValue="ALARM")
    return not answer["MetricAlarms"]


def hints_of_fixed(work: Workspace) -> Hints:
    """The change."""
    deployment = stopped(work)
    key = deployment.id if deployment else "d-…"
    tree = work.facts["tree"]
    return (
        f"git -C {tree} show: which of the new lines does what the alarm measures?",
        f"Take the harm out in {tree} and commit it, with a last line Fixes-Deployment: {key}",
        f"git -C {tree} revert --no-edit HEAD; make rehearse COMMIT={work.facts['branch']}",
    )


LAB = Lab(
    title="A bad release: alarm, rollback, then the fix forward",
    minutes=25,
    needs_docker=True,
    prepare=prepare,
    steps=(
        Step(
            "stopped",
            check_stopped,
            hints_of_stopped,
            lambda work: local_commands.rehearse(work.facts["branch"]),
        ),
        Question("alarm", judge_alarm, hints_of_alarm, lambda work: alarms(work)[0]),
        Question("share", judge_share, hints_of_share, lambda work: str(share(work))),
        Question("exposed", judge_exposed, hints_of_exposed, lambda work: f"{exposed_s(work):.1f}"),
        Step("fixed", check_fixed, hints_of_fixed, solve_fixed),
    ),
)
