"""Root causes, the ways written out by hand."""

from local.xray.root_causes import failures, slowness
from tests.unit.local.xray.documents import segment, subsegment, table_call, trace

EXCEPTION = {"cause": {"exceptions": [{"id": "a" * 16, "type": "KeyError", "message": "'lantern'"}]}}


def names(causes):
    return [
        [
            (service["Name"], [entity["Name"] for entity in service["EntityPath"]])
            for service in cause["Services"]
        ]
        for cause in causes
    ]


def shop(*, catalog=None, call=None, root=None):
    return trace(
        segment(
            "storefront",
            took=0.1,
            subsegments=[
                subsegment("catalog:8080", label="call-c", namespace="remote", took=0.08, **(call or {}))
            ],
            **(root or {}),
        ),
        segment("catalog", parent="call-c", start=0.02, took=0.07, **(catalog or {})),
    )


def test_a_fault_is_followed_to_the_exception_in_the_service_that_raised_it():
    failed = {"fault": True}
    causes = failures(shop(root=failed, call=failed, catalog=failed | EXCEPTION), "fault")

    assert names(causes) == [[("storefront", ["storefront", "catalog:8080"]), ("catalog", ["catalog"])]]
    assert causes[0]["ClientImpacting"] is True
    last = causes[0]["Services"][-1]
    assert last["EntityPath"][-1]["Exceptions"] == [{"Name": "KeyError", "Message": "'lantern'"}]
    assert last["Inferred"] is False


def test_a_flag_without_an_exception_is_no_cause():
    failed = {"fault": True}

    assert failures(shop(root=failed, call=failed, catalog=failed), "fault") == []


def test_a_table_that_failed_is_a_cause_by_itself():
    failed = trace(
        segment("orders", fault=True, subsegments=[table_call("lantern-orders", fault=True)]),
    )

    (cause,) = failures(failed, "fault")

    assert cause["Services"][-1]["Name"] == "lantern-orders"
    assert cause["Services"][-1]["Inferred"] is True


def test_an_error_is_not_a_fault():
    refused = {"error": True}
    traced = shop(root=refused, call=refused, catalog=refused | EXCEPTION)

    assert failures(traced, "fault") == []
    assert len(failures(traced, "error")) == 1


def test_slowness_follows_what_takes_more_than_half_with_its_share():
    (cause,) = slowness(shop())

    assert names([cause]) == [[("storefront", ["storefront", "catalog:8080"]), ("catalog", ["catalog"])]]
    shares = [[entity["Coverage"] for entity in one["EntityPath"]] for one in cause["Services"]]
    assert shares == [[1.0, 0.8], [0.7]]


def test_a_trace_in_progress_has_no_response_time_cause():
    open_segment = segment("orders", in_progress=True)
    del open_segment["end_time"]

    assert slowness(trace(open_segment)) == []
