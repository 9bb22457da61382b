"""DORA: one's own figures, and one of them made better."""

import time
from typing import Any

from labs import git, local_commands
from labs.deliveries import UNDER_WAY, Deliveries
from labs.errors import LabError
from labs.lab import Hints, Lab, Question, Result, Step, done, not_yet, wait, wrong
from labs.readings import same_number, same_word
from labs.workspace import Workspace

COUNTED, RATE, RECOVERY = "deployment frequency", "change fail rate", "failed deployment recovery time"
LOOK = "make dora EXPLAIN=1 with the UNTIL of the lab's text, or the console's DORA"
EXACT_S, EXACT_PERCENT = 1.0, 1.0

Figures = dict[str, Any]  # of one service, as `python -m dora --json` has them


def prepare(work: Workspace) -> None:
    """See that a release failed, and choose a service that it failed in."""
    tree = work.work_tree()
    until = now()
    services = suffering(local_commands.figures(until))
    if not services:
        git.commit_mistake(tree, "slow", "Ask the warehouse what it has")
        local_commands.rehearse(work.facts["branch"])
        git.run(tree, "reset", "--quiet", "--hard", "HEAD~1")
        until = now()
        services = suffering(local_commands.figures(until))
    if not services:
        raise LabError("No deployment failed under users' eyes so far: make lab LAB=10 does one, then LAB=12")
    service = work.random("service").choice(sorted(services))
    metrics = services[service]["metrics"]
    work.facts.update(
        service=service,
        until=until,
        counted=metrics[COUNTED]["n"],
        rate=100 * metrics[RATE]["value"],
        failed=metrics[RATE]["deployments"],
        recovery=metrics[RECOVERY]["value"],
    )
    work.save()


def now() -> str:
    """The end of a window that has all that is over."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))


def suffering(report: dict[str, Any] | None) -> dict[str, Figures]:
    """The services with a release that failed and was recovered from."""
    services = report["services"] if report else {}
    return {
        name: figures
        for name, figures in services.items()
        if figures["metrics"][RATE]["value"] and figures["metrics"][RECOVERY]["value"] is not None
    }


def judge_counted(work: Workspace, value: str) -> Result:
    """Whether the answer is the number of deployments."""
    kind = f"the n of {COUNTED} of {work.facts['service']}"
    return same_number(value, work.facts["counted"], 0, kind, LOOK, work.page("dora"))


def judge_rate(work: Workspace, value: str) -> Result:
    """Whether the answer is the rate in percent."""
    kind = f"the {RATE} of {work.facts['service']} in percent: failed / all that users saw"
    return same_number(value, work.facts["rate"], EXACT_PERCENT, kind, LOOK, work.page("dora"))


def judge_failed(work: Workspace, value: str) -> Result:
    """Whether the answer is the newest deployment that failed."""
    kind, failed = f"the id of {work.facts['service']}'s newest deployment that failed", work.facts["failed"]
    if value in failed[:-1]:
        return wrong(kind, f"{value}, which failed, but is not the newest", LOOK, work.page("dora"))
    return same_word(value, failed[-1], kind, LOOK, work.page("dora"))


def judge_recovery(work: Workspace, value: str) -> Result:
    """Whether the answer is the recovery time."""
    kind = f"the {RECOVERY} of {work.facts['service']} in seconds"
    return same_number(value, work.facts["recovery"], EXACT_S, kind, LOOK, work.page("dora"))


def hints_of(figure: str, answer: str) -> Hints:
    """The line of `make dora`."""
    return (
        "make dora UNTIL=… as the lab's text has it; without UNTIL it counts what came later, too.",
        f"The line {figure} of the lab's service; EXPLAIN=1 lists the deployments behind it.",
        f"make answer VALUE={answer}",
    )


def check_improved(work: Workspace) -> Result:
    """Whether the rate is lower than when the lab began."""
    service, before, link = work.facts["service"], work.facts["rate"], work.page("dora")
    expected = f"a {RATE} of {service} below {before:.0f} %"
    look = f"make rehearse COMMIT={work.facts['branch']}, then make dora"
    deliveries = work.once(Deliveries)
    if any(execution.status in UNDER_WAY for execution in deliveries.executions):
        return wait("the end of an execution", "it is under way", "Deployments", work.page("deployments"))
    if not any(each.service == service and each.is_by_pipeline for each in deliveries.deployments):
        return not_yet(expected, f"no deployment of {service} since the lab began", look, link)
    report = local_commands.figures()
    if report is None or service not in report["services"]:
        return wrong(expected, "make dora has no figures", "make rehearse starts the pipeline again", link)
    now = 100 * (report["services"][service]["metrics"][RATE]["value"] or 0)
    if now < before:
        return done(f"from {before:.0f} % to {now:.0f} %")
    return wrong(expected, f"{now:.0f} %: what was deployed since did not lower it", look, link)


def solve_improved(work: Workspace) -> None:
    """A small release that works."""
    git.commit_all(work.facts["tree"], "Spell lantern with an n")
    local_commands.rehearse(work.facts["branch"])


def hints_of_improved(work: Workspace) -> Hints:
    """The commands."""
    newer = [each for each in work.once(Deliveries).deployments if each.service == work.facts["service"]]
    return (
        f"Deployments of {work.facts['service']} since the lab began: {len(newer)}.",
        "The rate is failed / all: each deployment that works makes it smaller.",
        f"make rehearse COMMIT={work.facts['branch']}",
    )


LAB = Lab(
    title="DORA: your own figures, and one made better",
    minutes=15,
    needs_docker=True,
    prepare=prepare,
    steps=(
        Question(
            "counted",
            judge_counted,
            lambda work: hints_of(COUNTED, f"{work.facts['counted']}"),
            lambda work: f"{work.facts['counted']}",
        ),
        Question(
            "rate",
            judge_rate,
            lambda work: hints_of(RATE, f"{work.facts['rate']:.0f}"),
            lambda work: f"{work.facts['rate']:.0f}",
        ),
        Question(
            "failed",
            judge_failed,
            lambda work: hints_of(RATE, work.facts["failed"][-1]),
            lambda work: str(work.facts["failed"][-1]),
        ),
        Question(
            "recovery",
            judge_recovery,
            lambda work: hints_of(RECOVERY, f"{work.facts['recovery']:.0f}"),
            lambda work: f"{work.facts['recovery']:.0f}",
        ),
        Step("improved", check_improved, hints_of_improved, solve_improved),
    ),
)
