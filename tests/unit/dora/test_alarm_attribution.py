"""An alarm's incident belongs to the release that made it ring, not to what its own service deployed last."""

from dataclasses import replace

import pytest

from dora.analysis import analyse
from dora.counting_rules import CountingRules
from dora.metrics import FAIL_RATE, RECOVERY, REWORK_RATE, measure
from dora.records import AlarmChange, History
from tests.unit.dora.histories import NOVEMBER, at, bad, good, incident, rollback

STOPPED_BY = "ALARM_ACTIVE: One or more alarms have been activated. Activated alarms: <{}>"
SHOP = good("d-shop", "2 09:00", "2 09:05", "2 09:10", service="storefront")
CATALOG = good("d-catalog", "2 09:00", "2 09:05", "2 09:10", service="catalog")
# A slow release of catalog: in its canary from 10:05, stopped at 10:09, rolled back at 10:10
SLOW = bad(
    "d-slow",
    "2 10:00",
    "2 10:05",
    "2 10:09",
    service="catalog",
    error=STOPPED_BY.format("lantern-catalog-green-latency"),
)
BACK = rollback("d-back", "d-slow", "2 10:10", service="catalog")
RELEASES = (SHOP, CATALOG, SLOW, BACK)


def analysed(*records, alarms=(), **parameters):
    deployments = tuple(record for record in records if not hasattr(record, "opened_at"))
    incidents = tuple(record for record in records if hasattr(record, "opened_at"))
    history = History(deployments, incidents, alarms=tuple(alarms))
    return analyse(history, CountingRules(**parameters))


def figure(analysis, service, name):
    return measure(analysis.services[service], NOVEMBER, analysis).figures[name]


def links(analysis):
    found = {}
    for service in analysis.services.values():
        for link in service.links:
            found[link.incident.id] = (link.service, link.deployment, link.is_inferred)
    return found


def ringing(alarm, opened, closed, service, **fields):
    return incident(alarm, opened, closed, service=service, alarm=alarm, **fields)


def test_an_alarm_that_stopped_a_deployment_belongs_to_it():
    rang = ringing("lantern-catalog-green-latency", "2 10:08", "2 10:20", "catalog")

    assert links(analysed(*RELEASES, rang)) == {rang.id: ("catalog", "d-slow", False)}


def test_an_alarm_of_another_service_that_stopped_it_belongs_to_it_too():
    """A deployment group may watch the alarms of the service before it."""
    watched = bad(
        "d-watched",
        "2 10:00",
        "2 10:05",
        "2 10:09",
        service="catalog",
        error=STOPPED_BY.format("shop-errors"),
    )
    rang = ringing("shop-errors", "2 10:08", "2 10:20", "storefront")

    analysis = analysed(SHOP, CATALOG, watched, rang)

    assert links(analysis) == {"shop-errors": ("catalog", "d-watched", False)}
    assert figure(analysis, "storefront", FAIL_RATE).numerator == 0


def test_an_alarm_that_ends_with_anothers_roll_back_is_no_failure_of_the_own_last_release():
    """Storefront's alarm rings from 10:08 to 10:12, catalog's release was on its way from 10:05 and back at
    10:10. By time alone, storefront's own release of 09:10 would have failed, for 62 minutes."""
    rang = ringing("lantern-storefront-blue-latency", "2 10:08", "2 10:12", "storefront")

    analysis = analysed(*RELEASES, rang)

    assert links(analysis) == {rang.id: ("catalog", "d-slow", True)}
    assert figure(analysis, "storefront", FAIL_RATE).numerator == 0
    assert figure(analysis, "storefront", RECOVERY).value is None
    # d-slow failed by itself: seen from 10:05, back at 10:10
    assert figure(analysis, "catalog", FAIL_RATE).numerator == 1
    assert figure(analysis, "catalog", RECOVERY).value == 300


def test_storefront_says_whose_incident_it_was():
    rang = ringing("lantern-storefront-blue-latency", "2 10:08", "2 10:12", "storefront")

    shop = measure((analysis := analysed(*RELEASES, rang)).services["storefront"], NOVEMBER, analysis)

    assert [(link.deployment, link.how) for link in shop.unlinked] == [
        ("d-slow", "it rang while this release of catalog was on its way, and ended with it")
    ]


def test_an_alarm_that_goes_on_after_the_roll_back_is_not_explained_by_it():
    """It ends 30 minutes after catalog was back; storefront's own release was 58 minutes ago: nobody's."""
    rang = ringing("lantern-storefront-blue-latency", "2 10:08", "2 10:40", "storefront")

    assert links(analysed(*RELEASES, rang)) == {rang.id: ("storefront", "", False)}


def test_the_own_release_that_was_stopped_meanwhile_comes_before_anothers():
    own = bad("d-own", "2 10:00", "2 10:06", "2 10:09", service="storefront", error="MANUAL_STOP")
    rang = ringing("lantern-storefront-green-errors", "2 10:08", "2 10:12", "storefront")

    assert links(analysed(*RELEASES, own, rang))[rang.id] == ("storefront", "d-own", True)


@pytest.mark.parametrize(("opened", "blamed"), [("2 09:25", "d-shop"), ("2 09:26", "")])
def test_by_time_a_release_is_blamed_for_minutes_and_not_for_a_day(opened, blamed):
    """Live since 09:10: at 09:25 it is 15 minutes, a minute later no longer."""
    rang = ringing("lantern-storefront-blue-errors", opened, "2 09:40", "storefront")

    assert links(analysed(SHOP, rang)) == {rang.id: ("storefront", blamed, bool(blamed))}


def test_the_minutes_pass_as_fast_as_the_history_was_hurried():
    """15 minutes of a rehearsal at a scale of 60 are 15 seconds: a minute after it went live is too late."""
    rang = ringing("lantern-storefront-blue-errors", "2 09:11", "2 09:12", "storefront", scale=60)
    hurried = replace(SHOP, ended_at=SHOP.live_at, scale=60)

    assert links(analysed(hurried, rang))[rang.id] == ("storefront", "", False)


def test_a_reported_incident_is_still_looked_for_through_a_day():
    """People report hours later; an alarm does not."""
    reported = incident("i-1", "2 20:00", "2 21:00", service="storefront")

    assert links(analysed(SHOP, reported)) == {"i-1": ("storefront", "d-shop", True)}


def test_traces_tell_which_service_faulted_first():
    """Root cause catalog: its release of 10:00 was live; without traces it would be storefront's of 10:02."""
    bad_catalog = good("d-bad", "2 10:00", "2 10:01", "2 10:02", service="catalog")
    innocent = good("d-new", "2 10:01", "2 10:02", "2 10:03", service="storefront")
    rang = ringing("lantern-storefront-blue-errors", "2 10:09", "2 10:20", "storefront")
    told = ringing("lantern-storefront-blue-errors", "2 10:09", "2 10:20", "storefront", root_cause="catalog")

    assert links(analysed(bad_catalog, innocent, rang))[rang.id] == ("storefront", "d-new", True)
    assert links(analysed(bad_catalog, innocent, told))[told.id] == ("catalog", "d-bad", False)


def test_traces_that_blame_a_service_without_a_release_blame_nobody():
    innocent = good("d-new", "2 10:01", "2 10:02", "2 10:03", service="storefront")
    told = ringing(
        "lantern-storefront-blue-errors", "2 10:09", "2 10:20", "storefront", root_cause="payments"
    )

    assert links(analysed(innocent, told))[told.id] == ("storefront", "", False)


def test_what_is_only_inferred_is_counted_and_said():
    rang = ringing("lantern-storefront-blue-errors", "2 09:12", "2 09:20", "storefront")

    rate = figure(analysed(SHOP, rang), "storefront", FAIL_RATE)

    assert (rate.numerator, rate.n) == (1, 1)
    assert rate.remarks == ("1 of them inferred from the time of an incident",)


def test_a_hotfix_during_anothers_alarm_is_no_rework_of_this_service():
    """While the alarm that catalog's release rang is on, storefront deploys something of its own."""
    rang = ringing("lantern-storefront-blue-latency", "2 10:08", "2 10:20", "storefront")
    shop_again = good("d-again", "2 10:15", "2 10:17", "2 10:18", service="storefront")
    catalog_again = good("d-fixed", "2 10:15", "2 10:17", "2 10:18", service="catalog")

    analysis = analysed(*RELEASES, shop_again, catalog_again, rang)

    assert figure(analysis, "storefront", REWORK_RATE).numerator == 0
    assert figure(analysis, "catalog", REWORK_RATE).deployments == ("d-fixed",)


def change(alarm, when, state, before, **fields):
    return AlarmChange(alarm, at(when), state, before, **fields)


def test_two_changes_of_one_second_are_in_the_order_that_the_alarm_allows():
    """It rang until 10:20 and rang again in that second: the end comes before the begin."""
    changes = [
        change("catalog-errors", "2 10:00", "ALARM", "OK"),
        change("catalog-errors", "2 10:20", "ALARM", "OK"),
        change("catalog-errors", "2 10:20", "OK", "ALARM"),
        change("catalog-errors", "2 10:30", "OK", "ALARM"),
    ]

    for order in (changes, changes[::-1]):
        links_of = analysed(CATALOG, alarms=order, flap_gap_s=0).services["catalog"].links
        spans = [(link.incident.opened_at, link.incident.closed_at) for link in links_of]

        assert spans == [(at("2 10:00"), at("2 10:20")), (at("2 10:20"), at("2 10:30"))]


def test_an_event_and_the_alarms_history_tell_of_one_incident():
    """The event knows when the state before it began, the history does not; both tell of one change."""
    event = change("catalog-errors", "2 10:20", "OK", "ALARM", before_at=at("2 10:00"), event="e-1")
    from_history = change("catalog-errors", "2 10:20", "OK", "ALARM")
    begin = change("catalog-errors", "2 10:00", "ALARM", "OK")

    for changes in ([begin, event, from_history], [from_history, event], [event, begin, from_history]):
        analysis = analysed(CATALOG, alarms=changes)

        spans = [
            (link.incident.opened_at, link.incident.closed_at) for link in analysis.services["catalog"].links
        ]
        assert spans == [(at("2 10:00"), at("2 10:20"))]
        assert analysis.notes == ()
