"""Throttling and retries: tell them from a retry storm."""

import itertools
import time
from functools import partial

from labs.lab import Hints, Lab, Question, Result, Step, done, not_yet, wait, wrong
from labs.readings import same_number
from labs.segments import Segment, roots
from labs.workspace import Workspace
from local.diagnosis.traces import Traces

THROTTLED, STORM = "throttled-table", "retry-storm"
VISITS, NEWEST = 24, 15
SLOT_GAP_S = 1.1  # X-Ray takes whole seconds


def prepare(work: Workspace) -> None:
    """Have the shop in both troubles, one after the other, and leave it in one of them."""
    dice = work.random("troubles")
    order = dice.sample((THROTTLED, STORM), 2)
    work.facts["skus"] = work.shop.skus()  # before the shelf is in trouble, too
    for period, fault in zip(("a", "b"), order, strict=True):
        work.facts[f"{period}-from"] = time.time()
        work.break_shop(fault)
        visit(work, VISITS)
        work.mend_shop(fault)
        work.facts[f"{period}-to"] = time.time()
        time.sleep(SLOT_GAP_S)
    work.facts.update({"throttled": "ab"[order.index(THROTTLED)], "present": dice.choice(order)})
    storm, throttled = period_of(work, STORM), period_of(work, THROTTLED)
    examples = {
        "storm-trace": dice.choice([step for step in storm.segments if tries(step) > 1]).trace_id,
        "throttled-trace": dice.choice([step for step in throttled.segments if refusals(step)]).trace_id,
    }
    work.facts.update(examples)
    for period in ("a", "b"):
        start, end = int(work.facts[f"{period}-from"]), int(work.facts[f"{period}-to"]) + 1
        work.facts[f"page-{period}"] = work.page("map", start=str(start), end=str(end))
    work.save()
    work.break_shop(work.facts["present"])
    visit(work, VISITS)
    work.until(lambda later: troubled(later, VISITS), "a request in trouble")


def visit(work: Workspace, count: int) -> None:
    """Look at products."""
    skus = work.facts["skus"]
    work.visit([partial(work.shop.product, skus[n % len(skus)]) for n in range(count)])


def period_of(work: Workspace, fault: str) -> Traces:
    """The traces of the period in which a fault was on."""
    is_throttled = fault == THROTTLED
    period = work.facts["throttled"] if is_throttled else "ab".replace(work.facts["throttled"], "")
    start, end = work.facts[f"{period}-from"], work.facts[f"{period}-to"]
    return Traces([step for step in work.traces(since=start).segments if step.start <= end])


def tries(segment: Segment) -> int:
    """How often the storefront tried the call that it tried most often."""
    if segment.service != "storefront":
        return 0
    targets = [call.target for call in segment.calls]
    return max((targets.count(target) for target in targets), default=0)


def refusals(segment: Segment) -> int:
    """How many calls to DynamoDB were throttled."""
    return sum(bool(call.document.get("throttle")) for call in segment.aws_calls)


def judge_period(work: Workspace, value: str) -> Result:
    """Whether the answer is the period in which DynamoDB throttled."""
    name = value.strip().lower()
    if name == work.facts["throttled"]:
        return done(f"period {name}")
    if name not in ("a", "b"):
        return wrong("a or b", value, "the maps of both periods", work.facts["page-a"])
    finding = f"{name}, in which no call to DynamoDB was throttled"
    return wrong("the period in which DynamoDB throttled", finding, "its map", work.facts[f"page-{name}"])


def hints_of_period(work: Workspace) -> Hints:
    """The table's ring."""
    return (
        f"The maps of both: {work.facts['page-a']} and {work.facts['page-b']}",
        "A table that throttles has a ring of its own colour; in a storm the table is well.",
        f"make answer VALUE={work.facts['throttled']}",
    )


def storm_tries(work: Workspace) -> int:
    """The tries in the storm's example."""
    return max(map(tries, work.trace(work.facts["storm-trace"]).segments))


def throttled_calls(work: Workspace) -> int:
    """The throttled calls in the other example."""
    return sum(map(refusals, work.trace(work.facts["throttled-trace"]).segments))


def judge_tries(work: Workspace, value: str) -> Result:
    """Whether the answer is how often the storefront tried."""
    link = work.page(f"traces/{work.facts['storm-trace']}")
    kind = "how many calls to the catalog the storefront made in that trace"
    return same_number(value, storm_tries(work), 0, kind, "its waterfall", link)


def hints_of_tries(work: Workspace) -> Hints:
    """The waterfall."""
    return (
        f"Its waterfall: {work.page('traces/' + work.facts['storm-trace'])}",
        "Count the storefront's subsegments to the catalog: like calls, one right after the other.",
        f"make answer VALUE={storm_tries(work)}",
    )


def judge_throttled(work: Workspace, value: str) -> Result:
    """Whether the answer is how many calls were throttled."""
    link = work.page(f"traces/{work.facts['throttled-trace']}")
    kind = "how many calls to DynamoDB were throttled in that trace"
    return same_number(value, throttled_calls(work), 0, kind, "its waterfall", link)


def hints_of_throttled(work: Workspace) -> Hints:
    """The waterfall."""
    return (
        f"Its waterfall: {work.page('traces/' + work.facts['throttled-trace'])}",
        "Each attempt is a subsegment; between them lie pauses that grow. Those that were throttled say so.",
        f"make answer VALUE={throttled_calls(work)}",
    )


def troubled(work: Workspace, count: int = NEWEST) -> list[Segment]:
    """Those of the newest requests that failed, were tried again or met a throttled table."""
    traces = work.traces()
    newest = [step.trace_id for step in roots(traces) if step.service == "storefront"][:count]
    steps = [step for step in traces.segments if step.trace_id in newest]
    bad = {step.trace_id for step in steps if step.is_fault or tries(step) > 1 or refusals(step)}
    return [step for step in roots(traces) if step.trace_id in bad]


def check_calm(work: Workspace) -> Result:
    """Whether the newest requests are all well."""
    visits = list(
        itertools.islice((step for step in roots(work.traces()) if step.service == "storefront"), NEWEST)
    )
    bad = troubled(work)
    expected = f"{NEWEST} requests in a row without a fault, a repeated call or a throttled one"
    link = work.page("map", range="1m")
    if not bad and len(visits) == NEWEST:
        return done(expected)
    if work.facts["present"] in work.shop.faults():
        finding = f"{len(bad)} of the newest {len(visits)} are in trouble: a fault is on"
        return not_yet(expected, finding, "make diagnose; make fault", link)
    if not bad:
        return wait(f"{NEWEST} requests to look at", f"{len(visits)} so far", "make traffic", link)
    finding = f"the fault is off; {len(bad)} of the newest {len(visits)} are in trouble, from before it ended"
    return wrong(expected, finding, "make traffic SECONDS=10 sends new ones", link)


def solve_calm(work: Workspace) -> None:
    """End the fault, and look at products."""
    work.mend_shop(work.facts["present"])
    visit(work, NEWEST)


def hints_of_calm(work: Workspace) -> Hints:
    """The commands."""
    is_on = work.facts["present"] in work.shop.faults()
    return (
        "make diagnose says which fault fits."
        if is_on
        else "The fault is off; what is missing are visitors.",
        f"End it, then have {NEWEST} requests in a row that are well.",
        f"make fault OFF={work.facts['present']}; make traffic SECONDS=10",
    )


LAB = Lab(
    title="Throttling and retries: tell them from a storm",
    minutes=20,
    needs_faults=True,
    prepare=prepare,
    steps=(
        Question("period", judge_period, hints_of_period, lambda work: str(work.facts["throttled"])),
        Question("tries", judge_tries, hints_of_tries, lambda work: str(storm_tries(work))),
        Question("throttled", judge_throttled, hints_of_throttled, lambda work: str(throttled_calls(work))),
        Step("calm", check_calm, hints_of_calm, solve_calm),
    ),
)
