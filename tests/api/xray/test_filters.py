"""Filters as their users meet them: boto3's paginator and the aws command line."""

import json
import os
import subprocess
import sys
import time

import pytest
from botocore.exceptions import ClientError

from tests.api.xray.server import client_of, new_trace_id, running, segment, send
from tests.shop import CLEAN, CREDENTIALS
from tests.waiting import wait_until

TRACES = 1200  # more than two pages of them


@pytest.fixture(scope="module", name="xray")
def _xray(tmp_path_factory):
    """Every third trace failed; each has its own order."""
    with running(tmp_path_factory.mktemp("xray")) as part:
        segments = [
            segment(new_trace_id(), annotations={"order_id": f"ord-{number}"}, fault=number % 3 == 0)
            for number in range(TRACES)
        ]
        for start in range(0, TRACES, 200):
            send(part, *segments[start : start + 200])
        client = client_of(part)
        wait_until(lambda: len(filtered(client, "ok OR fault")) == TRACES, 20)
        yield part


def filtered(client, expression):
    now = time.time()
    pages = client.get_paginator("get_trace_summaries").paginate(
        StartTime=now - 600, EndTime=now + 1, FilterExpression=expression
    )
    return [summary for page in pages for summary in page["TraceSummaries"]]


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("fault", TRACES // 3),
        ("!fault", TRACES - TRACES // 3),
        ('annotation.order_id = "ord-77"', 1),
        ('annotation.order_id BEGINSWITH "ord-119"', 11),
        ('service("orders") { fault }', TRACES // 3),
        ('fault AND annotation.order_id = "ord-1"', 0),
        ("responsetime > 10", 0),
    ],
)
def test_all_pages_together_are_the_matching_traces(xray, expression, count):
    summaries = filtered(client_of(xray), expression)

    assert len(summaries) == len({summary["Id"] for summary in summaries}) == count


def test_the_command_line_shows_where_an_expression_is_wrong(xray):
    now = int(time.time())
    command = ["xray", "get-trace-summaries", "--start-time", str(now - 60), "--end-time", str(now)]
    done = subprocess.run(
        [
            os.path.join(os.path.dirname(sys.executable), "aws"),
            *command,
            "--filter-expression",
            "fault AND responstime > 5",
        ],
        env=CLEAN | CREDENTIALS | {"AWS_ENDPOINT_URL": xray.url},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "Invalid filter expression at character 11: there is no keyword 'responstime'" in done.stderr


def test_the_command_line_finds_one_trace_among_a_thousand(xray):
    now = int(time.time())
    command = ["xray", "get-trace-summaries", "--start-time", str(now - 600), "--end-time", str(now + 1)]
    done = subprocess.run(
        [
            os.path.join(os.path.dirname(sys.executable), "aws"),
            *command,
            "--filter-expression",
            'annotation[order_id] = "ord-300" AND fault',
            "--output",
            "json",
        ],
        env=CLEAN | CREDENTIALS | {"AWS_ENDPOINT_URL": xray.url},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    (summary,) = json.loads(done.stdout)["TraceSummaries"]
    assert summary["Annotations"]["order_id"][0]["AnnotationValue"] == {"StringValue": "ord-300"}


def test_an_expression_over_2000_characters_is_refused(xray):
    with pytest.raises(ClientError, match="Invalid filter expression"):
        filtered(client_of(xray), "fault OR " * 300 + "ok")
