"""What must hold of every history, not only of the ones that somebody thought of."""

import random
from dataclasses import fields, replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dora import commit_messages
from dora.analysis import analyse
from dora.counting_rules import CountingRules
from dora.deduplication import combine
from dora.json_report import document
from dora.metrics import FAIL_RATE, FREQUENCY, LEAD_TIME, RECOVERY, REWORK_RATE, report
from dora.readers import eventbridge
from dora.records import STATUSES, Deployment, History, Incident
from dora.times import instant, utc
from dora.windows import Window
from tests.unit.dora.readers.sample_events import event

HOURS = st.integers(0, 400)
MESSAGES = (
    "Trim the wick",
    "Fix\n\nFixes-Deployment: d-3",
    "Fix\n\nIncident: i-1",
    "This reverts commit " + "c" * 39 + "1.",
)
SPAN = Window(0, 400 * 3600.0)


@st.composite
def deployments(draw, number):
    start = draw(HOURS) * 3600.0
    steps = [draw(st.none() | st.integers(0, 5)) for _ in range(3)]
    exposed, live, restored = (None if step is None else start + step * 1800.0 for step in steps)
    commits = draw(
        st.lists(
            st.tuples(st.integers(0, 30), HOURS, st.sampled_from(MESSAGES)),
            max_size=3,
            unique_by=lambda row: row[0],
        )
    )
    return Deployment(
        id=f"d-{number}",
        service=draw(st.sampled_from(("orders", "catalog"))),
        status=draw(st.sampled_from(STATUSES)),
        started_at=start,
        exposed_at=exposed,
        live_at=live,
        restored_at=restored,
        ended_at=draw(st.none() | st.just(start + 9000)),
        revision=draw(st.sampled_from(("", "aaa", "bbb", "ccc"))),
        branch=draw(st.sampled_from(("", "main", "hotfix/wick"))),
        is_rollback=draw(st.integers(0, 9)) == 0,
        commits=tuple(
            commit_messages.commit(f"{sha:040x}", hour * 3600.0, message) for sha, hour, message in commits
        ),
    )


@st.composite
def incidents(draw, number):
    opened = draw(HOURS) * 3600.0
    return Incident(
        id=f"i-{number}",
        service=draw(st.sampled_from(("orders", "catalog", "checkout"))),
        opened_at=opened,
        closed_at=draw(st.none() | st.integers(0, 30).map(lambda hours: opened + hours * 3600.0)),
        deployment=draw(st.sampled_from(("", "", "d-1", "d-nowhere"))),
        alarm=draw(st.sampled_from(("", "orders-errors"))),
    )


@st.composite
def histories(draw):
    return History(
        tuple(draw(deployments(number)) for number in range(draw(st.integers(0, 12)))),
        tuple(draw(incidents(number)) for number in range(draw(st.integers(0, 6)))),
    )


PARAMETERS = st.builds(
    CountingRules,
    count=st.sampled_from(("all", "success")),
    headline=st.sampled_from(("median", "mean")),
    link=st.sampled_from(("time", "id")),
)


def result(history, parameters, window=SPAN):
    return document(report(analyse(history, parameters), window, SPAN.end))


@given(histories(), PARAMETERS, st.randoms(use_true_random=False))
def test_neither_order_nor_duplicates_change_the_result(history, parameters, chance: random.Random):
    again = History(
        tuple(chance.sample(history.deployments * 2, 2 * len(history.deployments))),
        tuple(chance.sample(history.incidents * 2, 2 * len(history.incidents))),
    )

    assert result(again, parameters) == result(history, parameters)


@given(histories(), PARAMETERS)
def test_computing_again_gives_the_same(history, parameters):
    assert result(history, parameters) == result(history, parameters)


@given(histories(), PARAMETERS, st.integers(1, 9))
def test_parts_of_a_window_add_up_to_the_whole(history, parameters, parts):
    analysed = analyse(history, parameters)
    whole = report(analysed, SPAN, SPAN.end)
    split = [report(analysed, part, SPAN.end) for part in SPAN.split(parts)]

    for service, measured in whole.services.items():
        pieces = [piece.services[service] for piece in split]
        for name in (FREQUENCY, FAIL_RATE, REWORK_RATE, LEAD_TIME, RECOVERY):
            assert measured.figures[name].n == sum(piece.figures[name].n for piece in pieces)
        for name in (FAIL_RATE, REWORK_RATE):
            numerators = [piece.figures[name].numerator for piece in pieces]
            assert measured.figures[name].numerator == sum(numerators)


@given(histories(), PARAMETERS)
def test_a_figure_is_none_exactly_when_it_has_a_reason_and_rates_stay_within_one(history, parameters):
    for measured in report(analyse(history, parameters), SPAN, SPAN.end).services.values():
        for figure in measured.figures.values():
            assert (figure.value is None) == bool(figure.reason) == (figure.n == 0)
            assert figure.numerator is None or 0 <= figure.numerator <= figure.n
        durations = [measured.figures[name].value for name in (LEAD_TIME, RECOVERY)]
        assert all(value is None or value >= 0 for value in durations)


@given(histories(), PARAMETERS)
def test_every_attempt_is_in_one_class_and_failures_have_a_reason(history, parameters):
    analysed = analyse(history, parameters)
    attempts = {attempt.id for attempt in history.deployments if not attempt.is_rollback}

    seen = [
        attempt
        for service in analysed.services.values()
        for attempt in (*service.counted, *service.blocked, *service.unknown, *service.running)
    ]

    assert sorted(attempt.deployment.id for attempt in seen) == sorted(attempts)
    assert all(bool(attempt.reasons) == (attempt.kind == "failed") for attempt in seen)


@given(histories(), PARAMETERS)
def test_every_failure_is_in_an_outage_and_outages_follow_each_other(history, parameters):
    for service in analyse(history, parameters).services.values():
        failed = {counted.deployment.id for counted in service.counted if counted.kind == "failed"}
        members = {key for outage in service.outages for key in outage.deployments}

        assert members == failed
        for earlier, later in pairwise(service.outages):
            assert earlier.recovery
            assert earlier.recovery.at <= later.began_at


FIELDS = ("exposed_at", "live_at", "ended_at", "restored_at", "revision", "branch", "commits")


def piece(deployment, kept):
    """A record of the deployment that tells only some of what is known of it."""
    empty = {field.name: field.default for field in fields(Deployment) if field.name in FIELDS}
    return replace(deployment, **{name: empty[name] for name in FIELDS if name not in kept})


@given(histories(), PARAMETERS, st.data())
def test_splitting_a_record_into_several_changes_nothing(history, parameters, data):
    """Each field is in at least one of the pieces; their order does not matter."""
    pieces = []
    for deployment in history.deployments:
        first = data.draw(st.sets(st.sampled_from(FIELDS)))
        second = (set(FIELDS) - first) | data.draw(st.sets(st.sampled_from(FIELDS)))
        pieces += [piece(deployment, first), piece(deployment, second)]
    pieces = tuple(data.draw(st.permutations(pieces)))

    assert result(replace(history, deployments=pieces), parameters) == result(history, parameters)


@given(histories(), PARAMETERS, st.data())
def test_sources_may_be_cut_anywhere(history, parameters, data):
    parts = [data.draw(st.sampled_from((0, 1))) for _ in history.deployments]
    sources = [
        History(tuple(each for each, part in zip(history.deployments, parts, strict=True) if part == number))
        for number in (0, 1)
    ]

    whole = combine([*sources, History(incidents=history.incidents)])

    assert result(whole, parameters) == result(history, parameters)


def as_record(deployment, number, known):
    """What an event of our own says of a deployment, with those optional fields that are known by then."""
    detail = {
        "deploymentId": deployment.id,
        "service": deployment.service,
        "status": deployment.status,
        "startedAt": deployment.started_at,
    }
    optional = {
        "exposedAt": deployment.exposed_at,
        "liveAt": deployment.live_at,
        "endedAt": deployment.ended_at,
        "restoredAt": deployment.restored_at,
        "revision": deployment.revision,
        "branch": deployment.branch,
    }
    detail |= {name: value for name, value in optional.items() if name in known and value}
    return event("lantern.delivery", "Deployment Record", detail, "1 00:00", seconds=number)


OPTIONAL = ("exposedAt", "liveAt", "endedAt", "restoredAt", "revision", "branch")
LATER_S = 100_000


@given(histories(), PARAMETERS, st.data())
def test_corrections_may_come_in_any_order_twice_and_be_sent_again(history, parameters, data):
    """Of each deployment a first report, that it began, and a second, which corrects it; both sent in any
    order, some of them twice, and some once more much later, with another envelope's id."""
    first = [
        as_record(replace(each, status="running"), n, data.draw(st.sets(st.sampled_from(OPTIONAL))))
        for n, each in enumerate(history.deployments)
    ]
    second = [as_record(each, 1000 + n, OPTIONAL) for n, each in enumerate(history.deployments)]
    sent = first + second
    again = [
        envelope | {"id": f"again-{n}", "time": utc(instant(envelope["time"]) + LATER_S)}
        for n, envelope in enumerate(sent)
        if data.draw(st.booleans())
    ]
    everything = data.draw(st.permutations(sent + sent[::3] + again))

    once, often = eventbridge.read(sent), eventbridge.read(everything)

    assert result(replace(often, notes=()), parameters) == result(replace(once, notes=()), parameters)
