import re
import shlex

import pytest

from local.pipeline.load_balancing.access_log import alb_line, parse_line
from tests.unit.local.pipeline.requests_log import START, request

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-entry-logs.html
ALB_FIELDS = (
    *("type", "time", "elb", "client:port", "target:port", "request_processing_time"),
    *("target_processing_time", "response_processing_time", "elb_status_code", "target_status_code"),
    *("received_bytes", "sent_bytes", "request", "user_agent", "ssl_cipher", "ssl_protocol"),
    *("target_group_arn", "trace_id", "domain_name", "chosen_cert_arn", "matched_rule_priority"),
    *("request_creation_time", "actions_executed", "redirect_url", "error_reason", "target:port_list"),
    *("target_status_code_list", "classification", "classification_reason", "conn_trace_id"),
)


def line(**changes):
    """A line as HAProxy writes it."""
    parts = {
        "at": "1800000000250",
        "listener": "lantern-orders-ProductionListener",
        "group": "lantern-orders-green",
        "target": "172.18.0.7:8080",
        "times": "0 12 15",
        "status": "200",
        "bytes": "120 512",
        "client": "172.18.0.1:55012",
        "trace": '"Root=1-6b49d200-0123456789abcdef01234567"',
        "host": '"orders.lantern.internal:8082"',
        "agent": '"python-requests/2.32"',
        "request": '"GET /orders?limit=5 HTTP/1.1"',
    } | changes
    return " ".join(parts.values())


def test_a_line_of_haproxys_is_parsed():
    entry = parse_line(f"<134>Nov 24 08:47:06 haproxy[7]: {line()}\n")

    assert (entry.at, entry.response_s, entry.total_s) == (1800000000.25, 0.012, 0.015)
    assert (entry.target_group, entry.target) == ("lantern-orders-green", "172.18.0.7:8080")
    assert (entry.status, entry.answered) == (200, True)
    assert (entry.received, entry.sent) == (120, 512)
    assert entry.request == "GET /orders?limit=5 HTTP/1.1"


@pytest.mark.parametrize(
    ("changes", "answered", "target"),
    [
        ({"times": "0 -1 3", "status": "503", "target": "<NOSRV>:-"}, False, "-"),
        ({"times": "-1 -1 3", "status": "503", "target": "-:-"}, False, "-"),
        ({"times": "0 -1 60000", "status": "504"}, False, "172.18.0.7:8080"),
        ({"times": "0 5 -1", "status": "502"}, True, "172.18.0.7:8080"),
    ],
)
def test_a_status_of_the_targets_is_told_from_one_of_the_load_balancers(changes, answered, target):
    entry = parse_line(line(**changes))

    assert (entry.answered, entry.target) == (answered, target)


@pytest.mark.parametrize(
    "text",
    [
        line(group="lantern-orders-ProductionListener", target="-:-", request='"<BADREQ>"'),
        line(at="-"),
        line(group="<NOSRV>"),
        "Server lantern-orders-green/task1 is UP",
        "",
    ],
)
def test_a_request_that_reached_no_target_group_is_left_out(text):
    assert parse_line(text) is None


def test_a_hostile_header_hides_no_request():
    entry = parse_line(line(trace=r'"a\" \"b\\c"', agent=r'"\" 200 \""'))

    assert entry.trace == 'a" "b\\c'
    assert entry.agent == '" 200 "'
    assert entry.status == 200


def test_a_request_line_that_was_cut_still_counts():
    assert parse_line(line(request='"GET /' + "x" * 8000)).status == 200


def fields(entry, balancer="app/lantern-internal/624e6d8ffb4936bf"):
    """The fields of an ALB line, which are separated by blanks and may be quoted."""
    pairs = re.findall(r'"([^"]*)"|(\S+)', alb_line(entry, balancer))
    return dict(zip(ALB_FIELDS, (quoted or plain for quoted, plain in pairs), strict=True))


def test_an_alb_line_has_every_field_in_awss_order():
    assert fields(request(START + 0.5, response_s=0.25)) == {
        "type": "http",
        "time": "2027-01-15T08:00:00.500000Z",
        "elb": "app/lantern-internal/624e6d8ffb4936bf",
        "client:port": "172.18.0.1:55012",
        "target:port": "172.18.0.7:8080",
        "request_processing_time": "0.000",
        "target_processing_time": "0.250",
        "response_processing_time": "0.000",
        "elb_status_code": "200",
        "target_status_code": "200",
        "received_bytes": "120",
        "sent_bytes": "512",
        "request": "GET http://orders.lantern.internal:8082/orders HTTP/1.1",
        "user_agent": "python-requests/2.32",
        "ssl_cipher": "-",
        "ssl_protocol": "-",
        "target_group_arn": "arn:aws:elasticloadbalancing:us-east-1:111122223333:"
        "targetgroup/lantern-orders-green/f01c2fc2d690e2b8",
        "trace_id": "Root=1-6b49d200-0123456789abcdef01234567",
        "domain_name": "-",
        "chosen_cert_arn": "-",
        "matched_rule_priority": "0",
        "request_creation_time": "2027-01-15T08:00:00.250000Z",
        "actions_executed": "forward",
        "redirect_url": "-",
        "error_reason": "-",
        "target:port_list": "172.18.0.7:8080",
        "target_status_code_list": "200",
        "classification": "-",
        "classification_reason": "-",
        "conn_trace_id": "-",
    }


def test_a_request_that_no_target_answered_has_no_target_times_and_no_target_status():
    shown = fields(request(status=503, answered=False, target="-"))

    assert shown["target_processing_time"] == "-1"
    assert (shown["elb_status_code"], shown["target_status_code"]) == ("503", "-")
    assert shown["target:port"] == shown["target:port_list"] == "-"


def test_a_hostile_header_adds_no_fields():
    hostile = parse_line(line(agent=r'"\" \" 200 \\"', host='""'))

    shown = fields(hostile)

    assert shown["user_agent"] == r"\x22 \x22 200 \x5c"
    assert shown["request"] == "GET http://-:80/orders?limit=5 HTTP/1.1"
    assert len(shlex.split(alb_line(hostile, "app/one/1"))) == len(ALB_FIELDS)
