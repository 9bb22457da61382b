"""The slowest traces of a range, before an X-Ray that answers pages of the traces that match."""

import re
from types import SimpleNamespace

import pytest

from console.traces.summaries import newest_summaries, slowest_summaries

START_S, END_S, PAGE = 1_700_000_000, 1_700_000_300, 100


def x_ray(*response_s, asked=None):
    """An X-Ray whose traces began evenly over the range and took `response_s`."""
    step_s = (END_S - START_S) / len(response_s)
    traces = [
        {"Id": f"1-{int(START_S + n * step_s):08x}-{n:024x}", "ResponseTime": took_s}
        for n, took_s in enumerate(response_s)
    ]

    def ask(_service, _operation, **parameters):
        if asked is not None:
            asked.append(parameters)
        least = re.search(r"responsetime >= ([\d.]+)", parameters.get("FilterExpression", ""))
        matching = [
            trace
            for trace in traces
            if parameters["StartTime"] <= int(trace["Id"][2:10], 16) < parameters["EndTime"]
            and trace["ResponseTime"] >= (float(least[1]) if least else 0)
        ]
        at = int(parameters.get("NextToken") or 0)
        answer = {"TraceSummaries": matching[at : at + PAGE]}
        return answer | ({"NextToken": str(at + PAGE)} if at + PAGE < len(matching) else {})

    return SimpleNamespace(ask=ask)


def slowest(aws):
    recent, _ = newest_summaries(aws, "", (START_S, END_S))
    summaries = slowest_summaries(aws, "", (START_S, END_S), "response", recent)
    return summaries and [summary["ResponseTime"] for summary in summaries]


@pytest.mark.parametrize("at", [0, 500, 1500, 2999])
def test_the_slowest_trace_is_found_wherever_it_is_in_the_range(at):
    response_s = [0.05 + n % 40 / 1000 for n in range(3000)]
    response_s[at] = 1.204

    times = slowest(x_ray(*response_s))

    assert times[0] == 1.204
    assert len(times) >= 50
    assert times == sorted(response_s, reverse=True)[: len(times)]


def test_many_slow_traces_before_quick_ones_are_found_too():
    response_s = [0.5 + n / 10_000 for n in range(2700)] + [0.01] * 300

    times = slowest(x_ray(*response_s))

    assert times == sorted(response_s, reverse=True)[: len(times)]


def test_a_range_of_equal_traces_that_is_too_long_to_be_read_has_no_slowest():
    assert slowest(x_ray(*[0.1] * 3000)) is None


def test_few_questions_are_asked():
    asked = []

    slowest(x_ray(*(0.05 + n % 40 / 1000 for n in range(3000)), asked=asked))

    assert len(asked) < 20
