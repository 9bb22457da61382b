"""Reading a compose file: what is supported, and that nothing is ignored silently."""

from pathlib import Path

import pytest
import yaml

from local.processes import compose
from local.processes.compose import COMPLETED, HEALTHY, STARTED, ComposeError, Port, read, seconds


def stack_of(folder: Path, environ=None, **services):
    file = folder / "docker-compose.yml"
    file.write_text(yaml.safe_dump({"services": services}, sort_keys=False))
    return read(file, environ or {})


def test_service_is_read_with_everything_a_process_needs(tmp_path):
    service = stack_of(
        tmp_path,
        web={
            "image": "not for a process",
            "command": "serve --port '80 80'",
            "environment": {"LEVEL": "${LEVEL:-INFO}"},
            "ports": ["127.0.0.1:${WEB_PORT:-8080}:80"],
            "volumes": ["data:/state"],
            "restart": "unless-stopped",
            "stop_grace_period": "1m30s",
            "healthcheck": {
                "test": ["CMD", "probe"],
                "interval": "2s",
                "start_interval": "100ms",
                "retries": 5,
            },
        },
    ).services["web"]

    assert service.command == ("serve", "--port", "80 80")
    assert service.environment == {"LEVEL": "INFO"}
    assert service.ports == (Port(80, 8080, "tcp", "WEB_PORT"),)
    assert service.volumes == {"/state": "data"}
    assert service.restarts
    assert service.stop_grace_s == 90
    assert service.healthcheck == compose.Healthcheck(("probe",), interval=2, start_interval=0.1, retries=5)


def test_variable_moves_a_published_port(tmp_path):
    stack = stack_of(tmp_path, {"P": "9000"}, web={"command": ["x"], "ports": ["127.0.0.1:${P:-80}:53/udp"]})

    assert stack.services["web"].ports == (Port(53, 9000, "udp", "P"),)


def test_dependencies_keep_their_conditions(tmp_path):
    stack = stack_of(
        tmp_path,
        a={"command": ["x"], "healthcheck": {"test": ["CMD", "y"]}},
        b={"command": ["x"], "depends_on": {"a": {"condition": HEALTHY}}},
        c={"command": ["x"], "depends_on": {"b": {"condition": COMPLETED}}},
        d={"command": ["x"], "depends_on": ["c"]},
    )

    assert [stack.services[name].depends_on for name in "bcd"] == [
        {"a": HEALTHY},
        {"b": COMPLETED},
        {"c": STARTED},
    ]


def test_dependents_stop_first_and_the_files_order_decides_otherwise(tmp_path):
    stack = stack_of(
        tmp_path,
        database={"command": ["x"]},
        page={"command": ["x"]},
        service={"command": ["x"], "depends_on": ["database"]},
    )

    assert stack.stop_order() == ["page", "service", "database"]


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("network_mode", "host", "not supported"),
        ("env_file", "x.env", "not supported"),
        ("entrypoint", ["x"], "not supported"),
        ("volumes", ["./code:/app"], "only named volumes"),
        ("ports", ["8080:80"], "expected 127.0.0.1"),
        ("ports", ["0.0.0.0:8080:80"], "expected 127.0.0.1"),
        ("ports", ["127.0.0.1:70000:80"], "no port 70000"),
        ("ports", ["127.0.0.1:$PORT:80"], "only"),
        ("environment", ["A=b"], "expected a mapping"),
        ("environment", {"DEBUG": True}, "quoted string"),
        ("environment", {"PASSED": None}, "quoted string"),
        ("restart", "always", "expected"),
        ("stop_grace_period", "soon", "no duration"),
        ("healthcheck", {"test": "curl x"}, "expected"),
        ("healthcheck", {"test": ["CMD-SHELL", "curl x"]}, "expected"),
        ("healthcheck", {"test": ["CMD", "x"], "disable": True}, "disable"),
        ("depends_on", {"a": {"condition": "service_funny"}}, "not supported"),
        ("depends_on", {"a": {"condition": STARTED, "required": False}}, "not supported"),
    ],
)
def test_unsupported_key_is_refused_naming_file_service_and_key(tmp_path, key, value, complaint):
    with pytest.raises(ComposeError) as refused:
        stack_of(tmp_path, web={"command": ["x"], key: value})

    assert f"{tmp_path / 'docker-compose.yml'}: service web: {key}" in str(refused.value)
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("services", "complaint"),
    [
        ({"a": {"image": "x"}}, "service a: command"),
        ({"a": {"command": ["x"], "depends_on": ["b"]}}, "there is no service b"),
        ({"a": {"command": ["x"], "depends_on": ["a"]}}, "circle: a"),
        (
            {"a": {"command": ["x"]}, "b": {"command": ["x"], "depends_on": {"a": {"condition": HEALTHY}}}},
            "a has no healthcheck",
        ),
    ],
)
def test_stack_that_could_never_start_is_refused(tmp_path, services, complaint):
    with pytest.raises(ComposeError, match=complaint):
        stack_of(tmp_path, **services)


def test_unknown_top_level_key_is_refused(tmp_path):
    (tmp_path / "c.yml").write_text("configs: {}\nservices: {}\n")

    with pytest.raises(ComposeError, match="configs"):
        read(tmp_path / "c.yml", {})


def test_anchors_and_merges_are_understood(tmp_path):
    (tmp_path / "c.yml").write_text(
        "x-common: &common\n  restart: unless-stopped\n  environment: &env {A: '1', B: '1'}\n"
        "services:\n  web:\n    <<: *common\n    command: [x]\n    environment: {<<: *env, B: '2'}\n"
    )

    web = read(tmp_path / "c.yml", {}).services["web"]

    assert web.restarts
    assert web.environment == {"A": "1", "B": "2"}


@pytest.mark.parametrize(("text", "expected"), [("500ms", 0.5), ("10s", 10), ("1m30s", 90), ("1h", 3600)])
def test_duration_is_read_in_seconds(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "10", "s", "10s!", "ten"])
def test_malformed_duration_is_refused(text):
    with pytest.raises(ValueError, match="no duration"):
        seconds(text)


def test_a_service_extends_that_of_another_file(tmp_path):
    base = {"command": ["x"], "environment": {"A": "1", "B": "2"}, "ports": ["127.0.0.1:${P:-80}:80"]}
    (tmp_path / "base.yml").write_text(yaml.safe_dump({"services": {"web": base}}))
    extends = {"file": "base.yml", "service": "web"}

    service = stack_of(tmp_path, {"P": "81"}, own={"extends": extends, "environment": {"B": ""}}).services[
        "own"
    ]

    assert (service.command, service.environment) == (("x",), {"A": "1", "B": ""})
    assert service.ports == (Port(80, 81, "tcp", "P"),)


@pytest.mark.parametrize("extends", [{"file": "none.yml", "service": "web"}, {"service": "web"}, "web"])
def test_what_can_not_be_extended_is_named(tmp_path, extends):
    with pytest.raises(ComposeError, match="service own: extends: expected file and service that exist"):
        stack_of(tmp_path, own={"extends": extends})
