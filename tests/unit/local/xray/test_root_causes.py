"""Root causes of hand-written traces."""

from local.xray.root_causes import failure_root_causes, response_time_root_causes
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
    causes = failure_root_causes(shop(root=failed, call=failed, catalog=failed | EXCEPTION), "fault")

    assert names(causes) == [[("storefront", ["storefront", "catalog:8080"]), ("catalog", ["catalog"])]]
    assert causes[0]["ClientImpacting"] is True
    last = causes[0]["Services"][-1]
    assert last["EntityPath"][-1]["Exceptions"] == [{"Name": "KeyError", "Message": "'lantern'"}]
    assert last["Inferred"] is False


def test_a_fault_flag_without_an_exception_is_no_cause():
    failed = {"fault": True}

    assert failure_root_causes(shop(root=failed, call=failed, catalog=failed), "fault") == []


def test_a_failed_table_is_a_cause_without_an_exception():
    failed = trace(
        segment("orders", fault=True, subsegments=[table_call("lantern-orders", fault=True)]),
    )

    (cause,) = failure_root_causes(failed, "fault")

    assert cause["Services"][-1]["Name"] == "lantern-orders"
    assert cause["Services"][-1]["Inferred"] is True


def test_an_error_is_not_a_fault():
    refused = {"error": True}
    traced = shop(root=refused, call=refused, catalog=refused | EXCEPTION)

    assert failure_root_causes(traced, "fault") == []
    assert len(failure_root_causes(traced, "error")) == 1


def test_a_response_time_cause_follows_the_child_that_takes_more_than_half():
    (cause,) = response_time_root_causes(shop())

    assert names([cause]) == [[("storefront", ["storefront", "catalog:8080"]), ("catalog", ["catalog"])]]
    shares = [[entity["Coverage"] for entity in service["EntityPath"]] for service in cause["Services"]]
    assert shares == [[1.0, 0.8], [0.7]]


def test_a_trace_in_progress_has_no_response_time_cause():
    open_segment = segment("orders", in_progress=True)
    del open_segment["end_time"]

    assert response_time_root_causes(trace(open_segment)) == []
