import pytest

from dora.metrics import FAIL_RATE
from dora.windows import Window
from tests.unit.dora.histories import analysed, at, bad, classes, figure, good, incident, measured, rollback

FIRST = good("d-first", "1 10:00", "1 10:05", "1 10:10")
SECOND = good("d-second", "2 10:00", "2 10:05", "2 10:10")


def link(*records, **parameters):
    return analysed(*records, **parameters).links[-1]


def test_an_incident_belongs_to_the_deployment_that_it_names():
    incident_link = link(FIRST, SECOND, incident("i-1", "2 12:00", deployment="d-first"))

    assert (incident_link.deployment, incident_link.how) == ("d-first", "it names it")


def test_an_incident_that_names_a_stranger_is_not_given_to_another():
    incident_link = link(FIRST, incident("i-1", "1 12:00", deployment="d-elsewhere"))

    assert (incident_link.deployment, incident_link.how) == (
        "",
        "it names d-elsewhere, which is no deployment of orders",
    )


def test_an_incident_during_a_canary_belongs_to_the_canary():
    canary = bad("d-canary", "2 09:50", "2 10:00", "2 10:20")

    assert link(FIRST, canary, incident("i-1", "2 10:10")).deployment == "d-canary"


def test_an_incident_at_the_end_of_a_canary_is_no_longer_the_canarys():
    canary = bad("d-canary", "1 11:00", "1 11:05", "1 11:20")

    assert link(FIRST, canary, incident("i-1", "1 11:19")).deployment == "d-canary"
    assert link(FIRST, canary, incident("i-1", "1 11:20")).deployment == "d-first"


def test_an_incident_before_users_saw_the_new_version_belongs_to_the_old_one():
    assert link(FIRST, SECOND, incident("i-1", "2 10:03")).deployment == "d-first"


def test_an_incident_later_belongs_to_the_newest_live_deployment():
    assert link(FIRST, SECOND, incident("i-1", "2 15:00")).deployment == "d-second"


def test_an_incident_after_a_rollback_is_not_the_rolled_back_ones():
    back = rollback("d-back", "d-second", "2 10:30")

    assert link(FIRST, SECOND, back, incident("i-1", "2 10:40")).deployment == ""
    assert (
        link(FIRST, SECOND, back, incident("i-1", "2 10:40"), link_limit_s=48 * 3600).deployment == "d-first"
    )


@pytest.mark.parametrize(("opened", "blamed"), [("2 10:10", "d-first"), ("2 10:11", "")])
def test_after_24_hours_nothing_is_blamed_by_time(opened, blamed):
    incident_link = link(FIRST, incident("i-1", opened))

    assert incident_link.deployment == blamed


def test_an_incident_without_a_change_is_shown_and_left_out():
    orders = measured(FIRST, incident("i-1", "9 12:00"))

    assert orders.figures[FAIL_RATE].value == 0.0
    assert [(unlinked.incident.id, unlinked.how) for unlinked in orders.unlinked] == [
        ("i-1", "nothing went live in the 24 hours before it: not caused by a change")
    ]


def test_linked_by_id_only_time_blames_nobody():
    assert link(FIRST, incident("i-1", "1 12:00"), link="id").deployment == ""
    assert classes(FIRST, incident("i-1", "1 12:00"), link="id") == {"d-first": "ok"}


def test_what_an_incident_belongs_to_does_not_depend_on_the_window():
    """A window that ends between deployment and incident, or begins there, must see the same failure."""
    records = (FIRST, SECOND, incident("i-1", "2 15:00"))
    until_noon = Window(at("2 00:00"), at("2 12:00"))
    from_noon = Window(at("2 12:00"), at("3 00:00"))

    assert figure(FAIL_RATE, *records, window=until_noon).deployments == ("d-second",)
    assert figure(FAIL_RATE, *records, window=from_noon).value is None


def test_a_flapping_alarm_is_one_incident():
    flaps = [
        incident(f"i-{n}", f"2 12:{n:02}", f"2 12:{n + 2:02}", alarm="orders-errors") for n in (0, 5, 10)
    ]
    later = incident("i-later", "2 13:00", "2 13:01", alarm="orders-errors")
    other = incident("i-other", "2 12:03", "2 12:04", alarm="orders-latency")

    links = analysed(SECOND, *flaps, later, other).links

    assert [(incident_link.incident.id, incident_link.incident.closed_at) for incident_link in links] == [
        ("i-0", at("2 12:12")),
        ("i-other", at("2 12:04")),
        ("i-later", at("2 13:01")),
    ]


def test_a_flap_inside_another_does_not_shorten_it():
    """Two sources may have heard of the same alarm at different times."""
    long = incident("i-long", "2 12:00", "2 13:00", alarm="orders-errors")
    short = incident("i-short", "2 12:10", "2 12:20", alarm="orders-errors")

    assert [incident_link.incident.closed_at for incident_link in analysed(SECOND, long, short).links] == [
        at("2 13:00")
    ]


def test_a_flap_in_a_hurried_history_is_as_much_shorter():
    flaps = [
        incident(f"i-{n}", f"2 12:{n:02}", f"2 12:{n + 1:02}", alarm="orders-errors", scale=60)
        for n in (0, 2)
    ]

    assert len(analysed(SECOND, *flaps).links) == 2


def test_an_alarm_that_was_over_too_soon_is_no_incident():
    short = incident("i-1", "2 12:00", "2 12:01", alarm="orders-errors")

    assert analysed(SECOND, short, shortest_incident_s=120).links == []


def test_an_incident_of_an_unknown_service_is_noted():
    from dora.analysis import analyse
    from dora.records import History

    notes = analyse(History((FIRST,), (incident("i-1", "1 12:00", service="checkout"),))).notes

    assert [(note.id, note.reason) for note in notes] == [("i-1", "its service checkout has no deployments")]
