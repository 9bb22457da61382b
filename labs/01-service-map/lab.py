"""Read the service map: who calls whom, and which service is slow."""

from functools import partial

from labs.lab import Hints, Lab, Question, Result, Step, done, not_yet, wait, wrong
from labs.readings import SERVICES, callees, same_word, slow_itself, trace_of, words_of
from labs.segments import Segment, roots
from labs.workspace import Workspace

FAULT = "slow-dependency"
VISITS = 36
NEWEST = 24  # so many quick ones in a row are no chance while two of five are slow
PERCENTS = (45, 50, 55, 60)


def prepare(work: Workspace) -> None:
    """Make a service slow, and visit the shop."""
    dice = work.random("fault")
    work.facts["caller"] = dice.choice(("storefront", "orders"))
    work.facts["slow"] = dice.choice(("catalog", "orders"))
    work.save()
    work.break_shop(FAULT, ON=work.facts["slow"], PERCENT=str(dice.choice(PERCENTS)))
    send_visitors(work)
    work.until(lambda later: slow_segments(later), "a slow request")


def send_visitors(work: Workspace, count: int = VISITS) -> None:
    """Half of them look at the shelf, half of them order."""
    skus, shop = work.shop.skus(), work.shop
    orders = [partial(shop.order, skus[n % len(skus)]) for n in range(count // 2)]
    work.visit([call for order in orders for call in (shop.shelf, order)])


def slow_segments(work: Workspace) -> list[Segment]:
    """The segments that the slow service made slow by itself."""
    return slow_itself(work.traces().by_service.get(work.facts["slow"], []))


def judge_callees(work: Workspace, value: str) -> Result:
    """Whether the answer names the services that the caller calls, and no other."""
    caller, expected = work.facts["caller"], callees(work, work.facts["caller"])
    named = words_of(value)
    link = work.page("map", range="15m")
    if named == expected:
        return done(", ".join(sorted(expected)))
    if unknown := named - set(SERVICES):
        return wrong(f"names out of {', '.join(SERVICES)}", f"{', '.join(sorted(unknown))}", "the map", link)
    fault = (
        "a service too many" if named > expected else "a service is missing" if named < expected else "others"
    )
    return wrong(
        f"every service that {caller} calls itself", f"{value}: {fault}", "the arrows of the map", link
    )


def answer_callees(work: Workspace) -> str:
    """The services that the caller calls."""
    return ",".join(sorted(callees(work, work.facts["caller"])))


def hints_of_callees(work: Workspace) -> Hints:
    """Where arrows are."""
    caller = work.facts["caller"]
    return (
        f"The service map: {work.page('map', range='15m')}",
        f"Follow the arrows that leave {caller}. Tables of DynamoDB are no services of the shop.",
        f"make answer VALUE={answer_callees(work)}",
    )


def judge_slow(work: Workspace, value: str) -> Result:
    """Whether the answer is the service that is slow itself."""
    name = value.strip().lower()
    slow = work.facts["slow"]
    link = work.page("traces", filter="responsetime > 0.9")
    if name in SERVICES and name != slow:
        return wrong(
            "the service whose own work takes long", f"{name}, which waits for another", "a slow trace", link
        )
    return same_word(name, slow, f"one of {', '.join(SERVICES)}", "a slow trace", link)


def answer_slow(work: Workspace) -> str:
    """The slow service."""
    return str(work.facts["slow"])


def hints_of_slow(work: Workspace) -> Hints:
    """How to tell slow from waiting."""
    count = len(slow_segments(work))
    return (
        f"Open a slow trace: {work.page('traces', filter='responsetime > 0.9')}",
        f"A caller's bar is as long as the bar it waits for. In {count} segments a service is long with "
        "nothing below it.",
        f"make answer VALUE={answer_slow(work)}",
    )


def judge_trace(work: Workspace, value: str) -> Result:
    """Whether the trace is one in which the slow service itself is slow."""
    trace = trace_of(work, value)
    if isinstance(trace, Result):
        return trace
    slow = slow_itself(trace.by_service.get(work.facts["slow"], []))
    id_ = trace.segments[0].trace_id
    if slow:
        return done(f"{slow[0].service} itself takes {slow[0].self_s:.1f} s in {id_}")
    longest = max(segment.duration_s for segment in trace.segments)
    return wrong(
        "a trace that the slow service holds up",
        f"{id_}, whose longest segment takes {longest * 1000:.0f} ms and holds up nobody",
        "the slowest traces",
        work.page("traces", filter="responsetime > 0.9"),
    )


def answer_trace(work: Workspace) -> str:
    """A trace that the slow service holds up."""
    return slow_segments(work)[0].trace_id


def hints_of_trace(work: Workspace) -> Hints:
    """The filter."""
    return (
        "The list of traces can be sorted by duration, and takes a filter.",
        f"The filter responsetime > 0.9: {work.page('traces', filter='responsetime > 0.9')}",
        f"make answer VALUE={answer_trace(work)}",
    )


def check_quick(work: Workspace) -> Result:
    """Whether the newest requests are all quick."""
    visits = [root for root in roots(work.traces()) if root.service == "storefront"][:NEWEST]
    ids = {visit.trace_id for visit in visits}
    slow = slow_itself(segment for segment in work.traces().segments if segment.trace_id in ids)
    expected = f"{NEWEST} requests one after the other without a slow service"
    link = work.page("map", range="1m")
    if not slow and len(visits) == NEWEST:
        return done(f"the newest {NEWEST} requests are quick")
    if FAULT in work.shop.faults():
        finding = f"{len(slow)} of the newest {len(visits)} are slow: the fault is on"
        return not_yet(expected, finding, "make fault", link)
    if not slow:
        return wait(f"{NEWEST} requests to look at", f"{len(visits)} so far", "make traffic", link)
    return wrong(
        expected,
        f"the fault is off; {len(slow)} of the newest {len(visits)} requests are slow, from before it ended",
        "make traffic SECONDS=10 sends new ones",
        link,
    )


def solve_quick(work: Workspace) -> None:
    """End the fault, and visit the shop."""
    work.mend_shop(FAULT)
    send_visitors(work, NEWEST)


def hints_of_quick(work: Workspace) -> Hints:
    """The commands."""
    is_on = FAULT in work.shop.faults()
    return (
        "make fault lists what is on."
        if is_on
        else "The fault is off. What is missing are visitors since then.",
        f"make fault OFF={FAULT}, then at least {NEWEST} requests.",
        f"make fault OFF={FAULT}; make traffic SECONDS=10",
    )


LAB = Lab(
    title="Read the service map: who calls whom, and what is slow",
    minutes=15,
    needs_faults=True,
    prepare=prepare,
    steps=(
        Question("callees", judge_callees, hints_of_callees, answer_callees),
        Question("slow", judge_slow, hints_of_slow, answer_slow),
        Question("trace", judge_trace, hints_of_trace, answer_trace),
        Step("quick", check_quick, hints_of_quick, solve_quick),
    ),
)
