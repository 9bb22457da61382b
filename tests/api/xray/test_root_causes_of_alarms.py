"""DORA's question to X-Ray, put to the local X-Ray: in which service did an alarm's requests fault?"""

import os
import time

import pytest

from dora.readers import root_causes
from dora.records import ALARMS, AlarmChange, History
from tests.api.xray.server import client_of, new_trace_id, running, segment, send
from tests.waiting import wait_until


@pytest.fixture(scope="module", name="xray")
def _xray(tmp_path_factory):
    with running(tmp_path_factory.mktemp("xray")) as part:
        yield part


def request_through(*names):
    """The segments of a request whose last service raises; each of the others answers 502."""
    trace_id, parent, documents = new_trace_id(), {}, []
    for name, callee in zip(names, (*names[1:], None), strict=True):
        answered = {"fault": True, "http": {"response": {"status": 502 if callee else 500}}}
        document = segment(trace_id, name=name, **answered, **parent)
        times = {key: document[key] for key in ("start_time", "end_time")}
        if callee:
            call = {"id": os.urandom(8).hex(), "name": callee, "namespace": "remote", **answered, **times}
            document["subsegments"] = [call]
            parent = {"parent_id": call["id"]}
        else:
            exception = {"id": os.urandom(8).hex(), "type": "KeyError", "message": "no such lantern"}
            document["cause"] = {"working_directory": "/app", "exceptions": [exception]}
        documents.append(document)
    return trace_id, documents


def test_an_alarm_of_the_storefront_is_caused_by_the_service_that_raised(xray):
    """Two requests fault in catalog, one in orders; all of them come by the storefront, none by reviews."""
    client, ids = client_of(xray), []
    for names in (("storefront", "orders", "catalog"), ("storefront", "catalog"), ("storefront", "orders")):
        trace_id, documents = request_through(*names)
        send(xray, *documents)
        ids.append(trace_id)
    wait_until(lambda: len(client.batch_get_traces(TraceIds=ids)["Traces"]) == len(ids))
    changes = tuple(
        AlarmChange(f"lantern-{service}-blue-errors", time.time(), "ALARM", "OK")
        for service in ("storefront", "orders", "reviews")
    )

    answers = {}
    history = root_causes.add(History(alarms=changes, incident_sources=frozenset({ALARMS})), client, answers)

    assert [change.root_cause for change in history.alarms] == ["catalog", "catalog", ""]
    assert answers == {}  # the segments of the last hour may still come
