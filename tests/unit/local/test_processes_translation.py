"""A container's environment as a process's."""

import os
import sys
from pathlib import Path

import pytest

from local.processes.compose import Port, Service, Stack
from local.processes.translation import environment, translate

STATE = Path("/home/me/.lantern/state")
AWS = Service(
    "aws",
    ("x",),
    {"PORT": "4566", "DIR": "/state/s3"},
    (Port(4566, 14566, "tcp", ""),),
    {"/state": "aws-data"},
)
XRAY = Service(
    "xray", ("x",), {"XRAY_PORT": "2000"}, (Port(2000, 12000, "udp", ""), Port(2000, 12000, "tcp", ""))
)
WEB = Service("web", ("x",), {"PORT": "8080"}, (Port(8080, 18080, "tcp", ""),))
STACK = Stack(
    "s",
    {service.name: service for service in (AWS, XRAY, WEB)},
    {"pipeline": (Port(4567, 14567, "tcp", ""),)},
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("http://aws:4566", "http://127.0.0.1:14566"),
        ("http://aws:4566/path", "http://127.0.0.1:14566/path"),
        ("xray:2000", "127.0.0.1:12000"),
        ("tcp:xray:2000 udp:xray:2000", "tcp:127.0.0.1:12000 udp:127.0.0.1:12000"),
        ("http://pipeline:4567", "http://127.0.0.1:14567"),
        ("http://aws:45660", "http://aws:45660"),
        ("http://my-aws:4566", "http://my-aws:4566"),
        ("http://aws.example:4566", "http://aws.example:4566"),
        ("http://127.0.0.1:12000/traces/{trace_id}", "http://127.0.0.1:12000/traces/{trace_id}"),
        ("8080", "8080"),
    ],
)
def test_addresses_of_services_become_published_ones_and_nothing_else_does(value, expected):
    assert translate(value, WEB, STACK, STATE) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("/state", f"{STATE}/aws-data"), ("/state/s3", f"{STATE}/aws-data/s3"), ("/stateless", "/stateless")],
)
def test_mount_point_becomes_a_folder_of_the_state(value, expected):
    assert translate(value, AWS, STACK, STATE) == expected


@pytest.mark.parametrize(
    ("service", "variable", "expected"),
    [(WEB, "PORT", "18080"), (XRAY, "XRAY_PORT", "12000"), (AWS, "PORT", "14566")],
)
def test_port_variables_become_the_published_port(service, variable, expected):
    assert environment(service, STACK, STATE)[variable] == expected


def test_number_in_a_variable_that_is_no_port_stays():
    service = Service("web", ("x",), {"LIMIT": "8080", "OTHER_PORT": "9"}, (Port(8080, 18080, "tcp", ""),))

    translated = environment(service, STACK, STATE)

    assert (translated["LIMIT"], translated["OTHER_PORT"]) == ("8080", "9")


def test_users_environment_is_not_passed_on(monkeypatch):
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "http_proxy", "PYTHONPATH", "FAULTS"):
        monkeypatch.setenv(name, "the user's")

    translated = environment(WEB, STACK, STATE)

    assert "the user's" not in translated.values()
    assert translated["HOME"] == str(STATE / "home")


def test_programs_of_the_virtual_environment_come_first_on_the_path():
    first = environment(WEB, STACK, STATE)["PATH"].split(os.pathsep)[0]

    assert first == str(Path(sys.executable).parent)
