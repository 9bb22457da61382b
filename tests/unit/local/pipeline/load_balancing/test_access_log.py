import re
import shlex

import pytest

from local.pipeline.load_balancing.access_log import as_alb, parse
from tests.unit.local.pipeline.samples import START, request

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
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


def test_a_line_of_the_engines_says_what_happened():
    access = parse(f"<134>Nov 24 08:47:06 haproxy[7]: {line()}\n")

    assert (access.at, access.response_s, access.took_s) == (1800000000.25, 0.012, 0.015)
    assert (access.group, access.target) == ("lantern-orders-green", "172.18.0.7:8080")
    assert (access.status, access.answered) == (200, True)
    assert (access.received, access.sent) == (120, 512)
    assert access.request == "GET /orders?limit=5 HTTP/1.1"


@pytest.mark.parametrize(
    ("changes", "answered", "target"),
    [
        ({"times": "0 -1 3", "status": "503", "target": "<NOSRV>:-"}, False, "-"),
        ({"times": "-1 -1 3", "status": "503", "target": "-:-"}, False, "-"),
        ({"times": "0 -1 60000", "status": "504"}, False, "172.18.0.7:8080"),
        ({"times": "0 5 -1", "status": "502"}, True, "172.18.0.7:8080"),
    ],
)
def test_who_gave_the_status_is_told_apart(changes, answered, target):
    access = parse(line(**changes))

    assert (access.answered, access.target) == (answered, target)


@pytest.mark.parametrize(
    "wrong",
    [
        line(group="lantern-orders-ProductionListener", target="-:-", request='"<BADREQ>"'),
        line(at="-"),
        line(group="<NOSRV>"),
        "Server lantern-orders-green/task1 is UP",
        "",
    ],
)
def test_a_line_that_no_target_group_got_is_none(wrong):
    assert parse(wrong) is None


def test_a_hostile_header_hides_no_request():
    access = parse(line(trace=r'"a\" \"b\\c"', agent=r'"\" 200 \""'))

    assert access.trace == 'a" "b\\c'
    assert access.agent == '" 200 "'
    assert access.status == 200


def test_a_request_line_that_was_cut_still_counts():
    assert parse(line(request='"GET /' + "x" * 8000)).status == 200


def fields(access, balancer="app/lantern-internal/624e6d8ffb4936bf"):
    """AWS's own way to take a line apart: quoted fields and others, by blanks."""
    found = re.findall(r'"([^"]*)"|(\S+)', as_alb(access, balancer))
    return dict(zip(ALB_FIELDS, (quoted or plain for quoted, plain in found), strict=True))


def test_a_load_balancers_line_has_every_field_in_awss_order():
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


def test_what_no_target_answered_has_no_target_times_and_status():
    shown = fields(request(status=503, answered=False, target="-"))

    assert shown["target_processing_time"] == "-1"
    assert (shown["elb_status_code"], shown["target_status_code"]) == ("503", "-")
    assert shown["target:port"] == shown["target:port_list"] == "-"


def test_a_hostile_header_adds_no_fields():
    hostile = parse(line(agent=r'"\" \" 200 \\"', host='""'))

    shown = fields(hostile)

    assert shown["user_agent"] == r"\x22 \x22 200 \x5c"
    assert shown["request"] == "GET http://-:80/orders?limit=5 HTTP/1.1"
    assert len(shlex.split(as_alb(hostile, "app/one/1"))) == len(ALB_FIELDS)
