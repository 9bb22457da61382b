"""In which service the requests that an alarm noticed fault first, as X-Ray's trace summaries tell it."""

from datetime import UTC, datetime

import boto3
from botocore.stub import Stubber

from dora.readers import root_causes
from dora.records import ALARMS, TRACES, AlarmChange, History
from tests.unit.dora.histories import at

SHOP_ERRORS = "lantern-storefront-blue-errors"


def fault(*way, inferred=""):
    """The summary of a trace that faulted on a way of services; `inferred` is not traced itself."""
    services = [{"Name": name} for name in way] + ([{"Name": inferred, "Inferred": True}] if inferred else [])
    return {"Id": "1-0", "FaultRootCauses": [{"Services": services}]}


def rang(alarm=SHOP_ERRORS, scale=1.0):
    changes = (
        AlarmChange(alarm, at("2 10:00"), "ALARM", "OK", scale=scale),
        AlarmChange(alarm, at("2 10:05"), "OK", "ALARM", scale=scale),
    )
    return History(alarms=changes, incident_sources=frozenset({ALARMS}))


def asked(history, *summaries, seconds=300.0, answers=None, times=1):
    """The history with root causes, after X-Ray was asked about so many seconds before each ALARM."""
    client = boto3.client("xray", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        for _ in range(times):
            request = {
                "StartTime": datetime.fromtimestamp(at("2 10:00") - seconds, UTC),
                "EndTime": datetime.fromtimestamp(at("2 10:00") + 1, UTC),
                "FilterExpression": "fault",
            }
            stub.add_response("get_trace_summaries", {"TraceSummaries": list(summaries)}, request)
        told = root_causes.add(history, client, {} if answers is None else answers)
        stub.assert_no_pending_responses()
    return told


def causes(history):
    return [change.root_cause for change in history.alarms]


def test_the_last_service_on_the_way_of_most_faults_is_the_root_cause():
    """Two of three end in orders, one in the storefront itself."""
    told = asked(rang(), fault("storefront", "orders"), fault("storefront"), fault("storefront", "orders"))

    assert causes(told) == ["orders", ""]
    assert told.incident_sources == {ALARMS, TRACES}


def test_faults_that_did_not_come_by_the_alarms_service_say_nothing_of_it():
    assert causes(asked(rang(), fault("orders"), fault("catalog"))) == ["", ""]


def test_a_dependency_that_was_not_traced_itself_is_no_root_cause():
    """The table did not answer orders; what failed of ours is orders."""
    assert causes(asked(rang(), fault("storefront", "orders", inferred="DynamoDB"))) == ["orders", ""]


def test_in_a_hurried_history_the_minutes_are_as_much_shorter():
    """Five minutes at a scale of 20 are 15 seconds; at 60, and above, at least five."""
    assert causes(asked(rang(scale=20.0), fault("storefront"), seconds=15.0)) == ["storefront", ""]
    assert causes(asked(rang(scale=600.0), fault("storefront"), seconds=5.0)) == ["storefront", ""]


def test_what_is_settled_is_asked_for_once():
    answers = {}
    first = asked(rang(), fault("storefront", "orders"), answers=answers)

    again = asked(rang(), answers=answers, times=0)

    assert again == first


def test_without_alarms_nobody_is_asked():
    history = History(alarms=rang().alarms)

    assert asked(history, times=0) == history
