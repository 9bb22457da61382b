"""GetTraceSummaries: time ranges, pages and sampling.

The wordings and the range type Event are as recorded: query_time_edges.json and query_sampling_edges.json in
https://github.com/radkawar/stackd/tree/9dc356f5e5cc49d2d334178a09c1398dd1c62617/testdata/aws/xray
"""

import json

import pytest

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.operations import get_trace_summaries
from local.xray.operations.get_trace_summaries import answer
from local.xray.segments import parse_document
from local.xray.storage import writer
from local.xray.storage.store import Store
from tests.unit.local.xray.documents import START, TRACE, segment, unfinished


class Clock:
    """Stands in for the module `time` of the writer: the time of receipt is what a test says."""

    def __init__(self, real):
        self._real, self.now = real, START

    def __getattr__(self, name):
        return getattr(self._real, name)

    def time(self):
        return self.now


@pytest.fixture(name="clock")
def _clock(monkeypatch):
    clock = Clock(writer.time)
    monkeypatch.setattr(writer, "time", clock)
    return clock


@pytest.fixture(name="backend")
def _backend(tmp_path, clock):
    store = Store(tmp_path, max_age_h=100_000_000)
    yield Backend(store)
    store.close()


def put(backend, *documents):
    for document in documents:
        backend.store.writer.put(parse_document(json.dumps(document).encode()))
    backend.store.writer.flush()


def numbered(number, **fields):
    return segment("orders", **fields) | {"trace_id": f"1-5759e988-{number:024x}"}


def ids(backend, start, end, **request):
    page = answer({"StartTime": START + start, "EndTime": START + end, **request}, backend)
    return [summary["Id"] for summary in page["TraceSummaries"]]


@pytest.mark.parametrize(("start", "end", "traces"), [(0, 0, 1), (0.9, 0.95, 1), (1, 20, 0), (-80, -0.1, 0)])
def test_a_time_range_covers_whole_seconds_at_both_ends(backend, start, end, traces):
    put(backend, segment("orders", start=0.5))

    assert len(ids(backend, start, end)) == traces


def test_a_page_continues_behind_the_last_trace_of_the_page_before(backend, monkeypatch):
    monkeypatch.setattr(get_trace_summaries, "PAGE", 3)
    put(backend, *(numbered(number, start=1.0) for number in range(5)))
    span = {"StartTime": START, "EndTime": START + 5}

    first = answer(span, backend)
    second = answer({**span, "NextToken": first["NextToken"]}, backend)

    assert [len(page["TraceSummaries"]) for page in (first, second)] == [3, 2]
    assert second["NextToken"] is None
    assert len({summary["Id"] for page in (first, second) for summary in page["TraceSummaries"]}) == 5


def test_event_selects_by_the_last_update_and_says_when_it_was(backend, clock):
    """Recorded: after its completion a trace is not in the range of its first receipt any more."""
    clock.now = START + 100.7
    put(backend, unfinished(segment("orders")))
    clock.now = START + 400.2
    put(backend, segment("orders"))

    assert ids(backend, 90, 110, TimeRangeType="Event") == []
    page = answer({"StartTime": START + 390, "EndTime": START + 410, "TimeRangeType": "Event"}, backend)
    (summary,) = page["TraceSummaries"]
    assert (summary["Id"], summary["MatchedEventTime"], summary["Revision"]) == (TRACE, START + 400, 2)


def test_service_selects_by_the_end_of_a_segment(backend):
    put(
        backend,
        segment("storefront", took=90.0),
        segment("orders", parent="nobody", start=10.0, took=5.0),
    )

    in_ranges = [ids(backend, start, start + 9, TimeRangeType="Service") for start in (0, 10, 40, 85)]

    assert in_ranges == [[], [TRACE], [], [TRACE]]


def test_without_a_range_type_no_event_is_matched(backend):
    put(backend, segment("orders"))

    page = answer({"StartTime": START, "EndTime": START + 1}, backend)

    assert [summary["MatchedEventTime"] for summary in page["TraceSummaries"]] == [None]
    assert page["ApproximateTime"] == START


def test_a_fixed_rate_samples_about_that_share_and_the_same_traces_each_time(backend):
    put(backend, *(numbered(number) for number in range(200)))
    request = {"TimeRangeType": "Event", "Sampling": True}

    def sampled(rate):
        return ids(backend, -5, 5, **request, SamplingStrategy={"Name": "FixedRate", "Value": rate})

    assert (len(sampled(0.0)), len(sampled(1.0))) == (0, 200)
    assert 60 < len(sampled(0.5)) < 140
    assert sampled(0.5) == sampled(0.5)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            {"SamplingStrategy": {"Name": "FixedRate"}, "TimeRangeType": "Event"},
            "sampling rate must be specified and its value must be between [0, 1]",
        ),
        (
            {"SamplingStrategy": {"Name": "FixedRate", "Value": 1.5}, "TimeRangeType": "Event"},
            "sampling rate must be specified and its value must be between [0, 1]",
        ),
        (
            {"SamplingStrategy": {"Name": "FixedRate", "Value": 0.5}},
            "Cannot use FixedRate with input time range type: TraceId. "
            "Please try using time range type: Event",
        ),
    ],
)
def test_a_wrong_sampling_strategy_is_refused_as_recorded(backend, request_, message):
    span = {"StartTime": START, "EndTime": START + 1}

    with pytest.raises(InvalidRequestException) as refused:
        answer({**span, "Sampling": True, **request_}, backend)

    assert str(refused.value) == message
    assert answer({**span, "Sampling": False, **request_}, backend)["TraceSummaries"] == []


def test_a_partial_scan_ends_after_so_many_traces(backend, monkeypatch):
    monkeypatch.setattr(get_trace_summaries, "PARTIAL_SCAN", 7)
    monkeypatch.setattr(get_trace_summaries, "PAGE", 5)
    put(backend, *(numbered(number) for number in range(20)))
    request = {"StartTime": START, "EndTime": START + 5, "Sampling": True}

    first = answer(request, backend)
    second = answer({**request, "NextToken": first["NextToken"]}, backend)

    assert [page["TracesProcessedCount"] for page in (first, second)] == [5, 2]
    assert second["NextToken"] is None
