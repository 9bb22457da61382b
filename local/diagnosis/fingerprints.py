"""The mark of each fault: what it leaves in traces, metrics and logs, and no other fault does.

A fingerprint takes the evidence and returns what it saw, or None where its fault does not show.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from local.diagnosis.evidence import Evidence, Memory
from local.diagnosis.traces import SHORT_S, Step

ENOUGH = 3  # as many times nothing happens by chance
SLOW_S, QUICK_S = 0.7, 0.5
WIRE_S = 0.14  # each way
MANY = 10
CLIMB_MB = 30
CHANCE = 0.01  # less likely than that is no chance
RISING = 0.9  # share of a leak's readings that are not below the one before
REFUSED = ("refused", "NewConnectionError", "ConnectTimeout", "No route to host", "NameResolutionError")


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault that shows: what was seen, and in which traces."""

    text: str
    trace_ids: tuple[str, ...] = ()


def _finding(text: str, steps: Iterable[Step]) -> Finding:
    return Finding(text, tuple(dict.fromkeys(step.trace_id for step in steps))[:3])


def slow_dependency(evidence: Evidence) -> Finding | None:
    """A service's own segments are long, by its own work, and nothing is red."""
    for service, segments in evidence.traces.by_service.items():
        slow = [step for step in segments if step.self_s >= SLOW_S and not step.is_fault]
        if len(slow) >= ENOUGH:
            quick = sum(step.duration_s < QUICK_S for step in segments)
            share = f"{len(slow)} of {len(segments)} segments, {quick} are quick"
            longest = max(step.self_s for step in slow)
            return _finding(f"{service} itself works up to {longest:.1f} s in {share}", slow)
    return None


def slow_network(evidence: Evidence) -> Finding | None:
    """Calls take longer than the called service, before it begins and after it has answered."""
    edges: dict[tuple[str, str], list[Step]] = {}
    for call, callee in evidence.traces.calls():
        if callee and callee.start - call.start >= WIRE_S and call.end - callee.end >= WIRE_S:
            edges.setdefault((call.service, callee.service), []).append(call)
    for (caller, service), calls in edges.items():
        if len(calls) >= ENOUGH:
            return _finding(
                f"{len(calls)} calls from {caller} to {service} wait on the wire both ways", calls
            )
    return None


def bad_product(evidence: Evidence) -> Finding | None:
    """All exceptions of one type carry one value of an annotation, and other values succeed."""
    for service, segments in evidence.traces.by_service.items():
        well = {
            step.annotations["sku"] for step in segments if not step.is_fault and "sku" in step.annotations
        }
        kinds: dict[str, list[Step]] = {}
        for step in segments:
            if step.is_fault and _has_stack(step):
                kinds.setdefault(str(step.exceptions[0].get("type")), []).append(step)
        for kind, thrown in kinds.items():
            skus = {str(step.annotations.get("sku", "")) for step in thrown}
            if len(thrown) >= ENOUGH and len(skus) == 1 and "" not in skus and well - skus:
                text = f"{service} throws {kind} {len(thrown)} times, always with sku = {skus.pop()}"
                return _finding(text, thrown)
    return None


def throttled_table(evidence: Evidence) -> Finding | None:
    """DynamoDB throttles calls to a table."""
    tables: dict[str, list[Step]] = {}
    for segment in evidence.traces.segments:
        for call in segment.aws_calls:
            if call.document.get("throttle"):
                table = call.document.get("aws", {}).get("table_name", "a table")
                tables.setdefault(table, []).append(call)
    for table, calls in tables.items():
        if len(calls) >= ENOUGH:
            return _finding(f"{table} throttles {len(calls)} calls, each is tried again after a pause", calls)
    return None


def n_plus_one(evidence: Evidence) -> Finding | None:
    """A request calls the same route again and again, one call after the other, and none fails."""
    stairs = [stair for segment in evidence.traces.segments if (stair := _staircase(segment.calls))]
    if len(stairs) < ENOUGH:
        return None
    most = max(stairs, key=len)
    return _finding(
        f"{most[0].service} makes {len(most)} like calls one after the other", (stair[0] for stair in stairs)
    )


def retry_storm(evidence: Evidence) -> Finding | None:
    """A call that was answered by 5xx is made again at once, until it succeeds."""
    repeated = [call for segment in evidence.traces.segments for call in _repeated_at_once(segment.calls)]
    if len(repeated) < ENOUGH:
        return None
    return _finding(f"{repeated[0].service} repeats {len(repeated)} failed calls without a pause", repeated)


def lost_header(evidence: Evidence) -> Finding | None:
    """Calls are answered, but the called service's segments begin traces of their own."""
    alone = [call for call, callee in evidence.traces.calls() if callee is None and 0 < call.status < 500]
    callers = {call.service for call in alone}
    islands = [
        step
        for step in evidence.traces.segments
        if step.status and "parent_id" not in step.document and step.service not in callers
    ]
    if len(alone) < ENOUGH or len(islands) < ENOUGH:
        return None
    services = " and ".join(sorted({step.service for step in islands}))
    return _finding(
        f"{len(alone)} answered calls of {' and '.join(sorted(callers))} end without a segment, "
        f"and {services} begin {len(islands)} traces of their own",
        (*alone[:2], *islands[:1]),
    )


def dependency_unreachable(evidence: Evidence) -> Finding | None:
    """Calls end without an answer, because nobody takes the connection."""
    refused = [
        call
        for call, callee in evidence.traces.calls()
        if callee is None and not call.status and any(word in _messages(call) for word in REFUSED)
    ]
    if len(refused) < ENOUGH:
        return None
    host = refused[0].url.split("/")[2]
    callers = " and ".join(sorted({call.service for call in refused}))
    return _finding(f"{len(refused)} calls of {callers} reach nobody at {host}", refused)


def leak(evidence: Evidence) -> Finding | None:
    """A process's memory climbs with each request, until the process is gone."""
    processes: dict[tuple[str, str], list[Memory]] = {}
    for reading in evidence.memory:
        processes.setdefault((reading.service, reading.stream), []).append(reading)
    for (service, _), readings in processes.items():
        climb_mb, falls = _climb([reading.megabytes for reading in readings])
        if climb_mb >= CLIMB_MB:
            cut = [step for step, callee in evidence.traces.calls() if not callee and not step.status]
            text = f"the memory of {service} climbs by {climb_mb:.0f} MB"
            return _finding(f"{text}, and falls {falls} times as the process is replaced", cut)
    return None


def sick_task(evidence: Evidence) -> Finding | None:
    """All errors of a service come from one of its tasks, while others of the same version are well."""
    for service, segments in evidence.traces.by_service.items():
        for version, of_version in _by(segments, "version").items():
            tasks = _by(of_version, "task")
            failed = {task: [step for step in steps if _is_own_fault(step)] for task, steps in tasks.items()}
            guilty = _guilty(tasks, failed)
            if guilty and "" not in tasks:
                share = f"{len(failed[guilty])} of {len(tasks[guilty])} requests"
                others = len(of_version) - len(tasks[guilty])
                text = (
                    f"{share} to task {guilty} of {service} {version} fail, none of {others} to other tasks"
                )
                return _finding(text, failed[guilty])
    return None


def bad_release(evidence: Evidence) -> Finding | None:
    """Only one of two versions of a service fails or is slow."""
    for service, segments in evidence.traces.by_service.items():
        versions = _by(segments, "version")
        bad = {version: [step for step in steps if _is_bad(step)] for version, steps in versions.items()}
        guilty = _guilty(versions, bad)
        if guilty and not _guilty(_by(versions[guilty], "task"), _by(bad[guilty], "task")):
            share = f"{len(bad[guilty])} of {len(versions[guilty])} segments of {service} {guilty}"
            others = " and ".join(sorted(version for version in versions if version != guilty))
            return _finding(f"{share} are bad, none of {others}", bad[guilty])
    return None


FINGERPRINTS: dict[str, Callable[[Evidence], Finding | None]] = {
    "slow-dependency": slow_dependency,
    "slow-network": slow_network,
    "bad-product": bad_product,
    "throttled-table": throttled_table,
    "n-plus-one": n_plus_one,
    "retry-storm": retry_storm,
    "dependency-unreachable": dependency_unreachable,
    "leak": leak,
    "lost-header": lost_header,
    "sick-task": sick_task,
    "bad-release": bad_release,
}


def diagnose(evidence: Evidence) -> dict[str, Finding]:
    """The faults that show, by name."""
    findings = {name: fingerprint(evidence) for name, fingerprint in FINGERPRINTS.items()}
    return {name: finding for name, finding in findings.items() if finding}


def _has_stack(step: Step) -> bool:
    return any(exception.get("stack") for exception in step.exceptions)


def _by(steps: Iterable[Step], annotation: str) -> dict[str, list[Step]]:
    """The segments by the value of an annotation, "" where they lack it."""
    groups: dict[str, list[Step]] = {}
    for step in steps:
        groups.setdefault(str(step.annotations.get(annotation, "")), []).append(step)
    return groups


def _guilty(groups: Mapping[str, list[Step]], bad: Mapping[str, list[Step]]) -> str:
    """The only group that has bad segments, "" where the others have none by mere chance or are none."""
    guilty = [name for name in groups if bad.get(name)]
    if len(guilty) != 1 or len(bad[guilty[0]]) < ENOUGH:
        return ""
    all_of_it = groups[guilty[0]]
    others = sum(len(steps) for name, steps in groups.items() if name != guilty[0])
    by_chance = (1 - len(bad[guilty[0]]) / len(all_of_it)) ** others
    return guilty[0] if others >= ENOUGH and by_chance < CHANCE else ""


def _is_own_fault(step: Step) -> bool:
    return step.is_fault and not _is_passed_on(step)


def _is_bad(step: Step) -> bool:
    return _is_own_fault(step) or step.self_s >= SLOW_S


def _is_passed_on(step: Step) -> bool:
    """Whether it fails because a call of its own does."""
    return any(call.is_fault for call in (*step.calls, *step.aws_calls))


def _messages(step: Step) -> str:
    return " ".join(f"{entry.get('type', '')} {entry.get('message', '')}" for entry in step.exceptions)


def _staircase(calls: list[Step]) -> list[Step]:
    """The longest row of calls to like addresses, one after the other, none failed; [] when it is short."""
    routes: dict[str, list[Step]] = {}
    for call in calls:
        routes.setdefault(call.target.rpartition("/")[0], []).append(call)
    row = max(routes.values(), key=len, default=[])
    follow = all(before.end <= after.start for before, after in itertools.pairwise(row))
    is_well = not any(call.is_fault for call in row)
    return row if len({call.target for call in row}) >= MANY and follow and is_well else []


def _repeated_at_once(calls: list[Step]) -> list[Step]:
    """The calls that repeat one which failed by its answer, without a pause."""
    return [
        after
        for before, after in itertools.pairwise(calls)
        if before.target == after.target and before.status >= 500 and after.start - before.end < SHORT_S
    ]


def _climb(megabytes: list[float]) -> tuple[float, int]:
    """By how much the readings climb in one go, hardly ever falling, and how often a new process begins."""
    best_mb, falls, lowest, rising, steps = 0.0, 0, 0.0, 0, 0
    for before, after in itertools.pairwise(megabytes):
        if after < before - CLIMB_MB / 2:  # a new process
            falls, lowest, rising, steps = falls + 1, after, 0, 0
            continue
        lowest = lowest or before
        steps, rising = steps + 1, rising + (after >= before - 0.5)
        if steps >= ENOUGH and rising >= RISING * steps:
            best_mb = max(best_mb, after - lowest)
    return best_mb, falls
