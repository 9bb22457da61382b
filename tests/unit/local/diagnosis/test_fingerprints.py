"""Each fingerprint on traces that a person made: what its fault leaves, and what only looks like it."""

import itertools

import pytest

from local.diagnosis.evidence import Evidence, Memory
from local.diagnosis.fingerprints import FINGERPRINTS, diagnose
from local.diagnosis.traces import Traces

CATALOG = "http://catalog:8080"
REFUSAL = {"type": "ConnectionError", "message": "NewConnectionError: Connection refused", "stack": [{}]}
RESET = {"type": "ConnectionError", "message": "('Connection aborted.', RemoteDisconnected())", "stack": [{}]}
ids = (f"{n:016x}" for n in itertools.count())
trace_ids = (f"1-0-{n:024x}" for n in itertools.count())


def step(start, end, **fields):
    return {"id": next(ids), "name": "x", "start_time": start, "end_time": end, **fields}


def call(start, end, url=f"{CATALOG}/products", status=200, cause=None, **fields):
    http = {"request": {"method": "GET", "url": url}} | ({"response": {"status": status}} if status else {})
    failure = {"fault": True} if status >= 500 or cause else {}
    causes = {"cause": {"exceptions": [cause]}} if cause else {}
    return step(start, end, namespace="remote", http=http, **failure, **causes, **fields)


def segment(name, start, end, status=200, subsegments=(), **fields):
    http = {"request": {"method": "GET", "url": f"http://{name}/"}, "response": {"status": status}}
    failure = {"fault": True} if status >= 500 else {}
    annotations = {"annotations": {"version": "1.0"} | fields.pop("annotations", {})}
    document = step(start, end, http=http, subsegments=list(subsegments), **failure, **annotations, **fields)
    return document | {"name": name}


def shelf(calls=None, callees=(), **fields):
    """A trace of the storefront that asks the catalog, by default well and quickly."""
    trace_id = next(trace_ids)
    if calls is None:
        calls = [call(0.01, 0.03)]
        callees = [segment("catalog", 0.012, 0.028, parent_id=calls[0]["id"])]
    top = segment("storefront", 0, calls[-1]["end_time"] + 0.01, subsegments=calls, **fields)
    return [(trace_id, document) for document in (top, *callees)]


def evidence(*traces, memory=()):
    return Evidence(Traces.of(document for trace in traces for document in trace), list(memory))


def times(count, make):
    return [make() for _ in range(count)]


def slow():
    asked = call(0.01, 1.5)
    return shelf([asked], [segment("catalog", 0.012, 1.49, parent_id=asked["id"])])


def far():
    asked = call(0.01, 0.45)
    return shelf([asked], [segment("catalog", 0.21, 0.24, parent_id=asked["id"])])


def late():
    """A call that waited for a process to start: at its beginning only."""
    asked = call(0.01, 0.65)
    return shelf([asked], [segment("catalog", 0.61, 0.64, parent_id=asked["id"])])


def broken(sku="moon", status=500):
    asked = call(0.01, 0.03, status=500)
    cause = {"exceptions": [{"type": "WrongPrice", "message": "", "stack": [{}]}]}
    thrown = segment(
        "catalog", 0.012, 0.02, status, parent_id=asked["id"], cause=cause, annotations={"sku": sku}
    )
    return shelf([asked], [thrown])


def sold(sku="sun"):
    asked = call(0.01, 0.03)
    return shelf([asked], [segment("catalog", 0.012, 0.02, parent_id=asked["id"], annotations={"sku": sku})])


def throttled():
    refused = step(0.013, 0.014, namespace="aws", throttle=True, error=True, aws={"table_name": "products"})
    asked = call(0.01, 0.03)
    return shelf([asked], [segment("catalog", 0.012, 0.02, parent_id=asked["id"], subsegments=[refused])])


def stairs(count=12, overlap=0.0, status=200):
    calls = [
        call(0.02 * n, 0.02 * n + 0.01 + overlap, f"{CATALOG}/products/{n}", status) for n in range(count)
    ]
    return shelf(
        calls, [segment("catalog", c["start_time"], c["end_time"], parent_id=c["id"]) for c in calls]
    )


def storm(pause=0.001, cause=None, status=500):
    first = call(0.01, 0.02, status=status, cause=cause)
    second = call(0.02 + pause, 0.04 + pause)
    return shelf([first, second], [segment("catalog", 0.03, 0.035, parent_id=second["id"])])


def unreachable():
    return shelf([call(0.01, 0.02, status=0, cause=REFUSAL)], status=503)


def island():
    return [*shelf([call(0.01, 0.03)]), (next(trace_ids), segment("catalog", 0.012, 0.028))]


def at_task(task, status=200, version="1.0"):
    asked = call(0.01, 0.03, status=status)
    annotations = {"task": task, "version": version}
    answer = segment("catalog", 0.012, 0.02, status, parent_id=asked["id"], annotations=annotations)
    return shelf([asked], [answer])


def release(bad=3, good=5, share=1.0, task=None):
    """Requests to a version 2 that fails, and to a version 1 that does not."""
    annotations = {"version": "2.0"} | ({"task": task} if task else {})
    well = round(bad / share) - bad
    return [
        *times(good, shelf),
        *[shelf(annotations=annotations, status=500) for _ in range(bad)],
        *[shelf(annotations=annotations) for _ in range(well)],
    ]


def readings(*megabytes, stream="task"):
    return [Memory("catalog", stream, n * 1000, value) for n, value in enumerate(megabytes)]


TASKS = {"a" * 32: 500, "b" * 32: 200}
MARKS = {
    "slow-dependency": evidence(*times(3, slow), *times(7, shelf)),
    "slow-network": evidence(*times(3, far), *times(7, shelf)),
    "bad-product": evidence(*times(3, broken), *times(3, sold)),
    "throttled-table": evidence(*times(3, throttled)),
    "n-plus-one": evidence(*times(3, stairs)),
    "retry-storm": evidence(*times(3, storm)),
    "dependency-unreachable": evidence(*times(3, unreachable)),
    "leak": evidence(*times(3, shelf), memory=readings(80, 90, 100, 110, 120, 60, 70, 80)),
    "lost-header": evidence(*times(3, island)),
    "sick-task": evidence(*[at_task(task, status) for _ in range(4) for task, status in TASKS.items()]),
    "bad-release": evidence(*release()),
}
LOOK_ALIKES = {
    "nothing is wrong": evidence(*times(9, shelf)),
    "two slow requests": evidence(*times(2, slow), *times(9, shelf)),
    "requests that waited for a new process": evidence(*times(9, late)),
    "every product fails": evidence(*[broken(sku) for sku in ("moon", "sun", "star")], *times(3, sold)),
    "the only product of all fails": evidence(*times(5, broken)),
    "a few calls to one route": evidence(*[stairs(4) for _ in range(5)]),
    "calls side by side": evidence(*[stairs(overlap=0.02) for _ in range(5)]),
    "retries after a pause": evidence(*[storm(pause=0.2) for _ in range(5)]),
    "retries after a lost connection": evidence(*[storm(cause=RESET, status=0) for _ in range(5)]),
    "memory that settles": evidence(*times(3, shelf), memory=readings(60, 75, 80, 80, 81, 80, 81)),
    "two processes beside each other": evidence(
        *times(3, shelf), memory=[*readings(60, 61, 60, 61), *readings(120, 121, 120, 121, stream="other")]
    ),
    "direct requests to the catalog": evidence(
        *[[(next(trace_ids), segment("catalog", 0, 0.1))] for _ in range(9)], *times(9, shelf)
    ),
    "both tasks fail": evidence(*[at_task(task, 500) for _ in range(4) for task in TASKS]),
    "a task fails, and nobody asks another": evidence(*[at_task("a" * 32, 500) for _ in range(9)]),
    "a task fails now and then, and others are hardly asked": evidence(
        *[at_task("a" * 32, status) for status in (500, 500, 500, *[200] * 9)],
        *[at_task("b" * 32) for _ in range(4)],
    ),
    "a version fails now and then, and others are hardly asked": evidence(*release(3, 5, share=0.2)),
    "two good releases": evidence(*times(5, shelf), *[shelf(annotations={"version": "2"}) for _ in range(5)]),
}


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_a_fault_is_recognised_by_its_own_fingerprint_and_by_no_other(name):
    assert list(diagnose(MARKS[name])) == [name]


@pytest.mark.parametrize("what", LOOK_ALIKES)
def test_what_looks_alike_is_no_fault(what):
    assert diagnose(LOOK_ALIKES[what]) == {}


def test_a_sick_task_beside_a_canary_is_no_bad_release():
    canary = [at_task("c" * 32, version="2.0") for _ in range(5)]
    tasks = [at_task(task, status) for _ in range(4) for task, status in TASKS.items()]

    assert list(diagnose(evidence(*tasks, *canary))) == ["sick-task"]


def test_a_bad_canary_of_one_task_is_a_bad_release():
    canary = [at_task("c" * 32, 500, version="2.0") for _ in range(4)]
    tasks = [at_task(task) for _ in range(4) for task in TASKS]

    assert list(diagnose(evidence(*tasks, *canary))) == ["bad-release"]


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_a_finding_says_what_was_seen_and_where(name):
    finding = diagnose(MARKS[name])[name]

    assert len(finding.text) > 20
    assert 0 < len(finding.trace_ids) <= 3 or name == "leak"
