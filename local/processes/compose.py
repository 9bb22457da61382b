"""Reads docker-compose.yml into what processes need, and refuses every key that it would have to ignore."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from local.processes.variables import VariableError, fill, known, names_in

T = TypeVar("T")

# Keys that only matter to a container. A key that is neither here nor read below is an error.
CONTAINER_ONLY = {
    *("build", "cpu_shares", "image", "init", "mem_limit", "networks", "pids_limit"),
    *("cap_drop", "dns_opt", "read_only", "security_opt", "tmpfs", "user"),
}
# Options of log drivers that only matter to Docker: the bounds of its own files and buffers
LOG_OPTIONS = {
    "json-file": {"max-size", "max-file"},
    "fluentd": {
        "fluentd-address",
        "fluentd-async",
        "fluentd-buffer-limit",
        "labels",
        "cache-max-size",
        "cache-max-file",
    },
}
UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
STARTED, HEALTHY, COMPLETED = "service_started", "service_healthy", "service_completed_successfully"
PORT = re.compile(r"127\.0\.0\.1:(?P<published>\d+):(?P<container>\d+)(?:/(?P<protocol>tcp|udp))?")
PROJECT = re.compile(r"[a-z0-9][a-z0-9_-]*")
VOLUME = re.compile(r"(?P<name>[a-z][\w-]*):(?P<target>/[^:]+)")


class ComposeError(Exception):
    """The compose file is wrong, or asks for what processes cannot do; names file, service and key."""


@dataclass(frozen=True, slots=True)
class Port:
    """A container's port, the port that it is published on, and the variable that sets the latter."""

    container: int
    published: int
    protocol: str
    variable: str


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """The command of a health check and how often to run it; all times in seconds."""

    test: tuple[str, ...]
    interval: float = 30
    timeout: float = 30
    retries: int = 3
    start_period: float = 0
    start_interval: float = 5


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the compose file, as far as it matters to a process."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    ports: tuple[Port, ...] = ()
    volumes: dict[str, str] = field(default_factory=dict)  # volume by mount point
    depends_on: dict[str, str] = field(default_factory=dict)  # condition by service
    healthcheck: Healthcheck | None = None
    restarts: bool = False
    forward_to: str = ""  # host:port of the log agent that gets its output as well
    stop_grace_s: float = 10


@dataclass(frozen=True, slots=True)
class Stack:
    """A compose file."""

    name: str
    services: dict[str, Service]
    left_out: dict[str, tuple[Port, ...]] = field(default_factory=dict)  # ports of the services of profiles

    def ports(self) -> list[tuple[Service, Port]]:
        """Return every published port with its service."""
        return [(service, port) for service in self.services.values() for port in service.ports]

    def stop_order(self) -> list[str]:
        """Return all names, dependents before what they depend on, otherwise in the order of the file.

        Raises ComposeError when services depend on each other in a circle.
        """
        running, order = dict(self.services), list[str]()
        while running:
            needed = {name for service in running.values() for name in service.depends_on}
            first = next((name for name in running if name not in needed), None)
            if first is None:
                raise ComposeError(f"depends_on goes in a circle: {', '.join(running)}")
            order.append(first)
            del running[first]
        return order


def read(file: Path, environ: Mapping[str, str]) -> Stack:
    """Read a compose file with the variables of `environ` and of `.env` beside it. Raises ComposeError."""
    try:
        raw = yaml.safe_load(file.read_text())
        read_here = ("name", "services", "networks", "volumes")
        if unknown := [key for key in raw if key not in read_here and key[:2] != "x-"]:
            raise ComposeError(f"{', '.join(unknown)}: not supported without Docker")
        variables = known(file.parent, environ)
        # the services of a profile are started on demand, and by Docker only
        entries = {name: _extended(name, entry, file.parent) for name, entry in raw["services"].items()}
        always = {name: entry for name, entry in entries.items() if not entry.get("profiles")}
        services = {name: _service(name, entry, variables) for name, entry in always.items()}
        left_out = {
            name: _ports(name, entry, variables) for name, entry in entries.items() if name not in services
        }
        name = variables.get("COMPOSE_PROJECT_NAME") or raw.get("name") or project_name(file.parent)
        if not PROJECT.fullmatch(name):
            raise ComposeError(
                f"COMPOSE_PROJECT_NAME={name}: expected small letters, digits, - and _, no sign first"
            )
        stack = Stack(name, services, left_out)
        _check_dependencies(stack)
    except (ComposeError, VariableError, yaml.YAMLError) as error:
        raise ComposeError(f"{file}: {error}") from None
    return stack


def _extended(name: str, entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The entry of a service on top of that of another file which it extends; mappings are merged."""
    if "extends" not in entry:
        return entry
    try:
        source = entry["extends"]
        base = yaml.safe_load((folder / source["file"]).read_text())["services"][source["service"]]
    except (OSError, KeyError, TypeError) as error:
        raise ComposeError(
            f"service {name}: extends: expected file and service that exist: {error}"
        ) from None
    own = {key: value for key, value in entry.items() if key != "extends"}
    merged: dict[str, Any] = {
        key: base[key] | value for key, value in own.items() if isinstance(base.get(key), dict)
    }
    extended: dict[str, Any] = base | own | merged
    return extended


def project_name(folder: Path) -> str:
    """Return the name that `docker compose` gives to a stack in this folder."""
    return re.sub(r"[^a-z0-9_-]", "", folder.name.lower()).lstrip("_-") or "lantern"


def seconds(text: str) -> float:
    """Return a compose duration such as `1m30s` or `500ms` in seconds. Raises ValueError."""
    parts = re.findall(r"(\d+)(ms|s|m|h)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no duration such as 10s or 1m30s")
    return sum(int(number) * UNITS_S[unit] for number, unit in parts)


def _service(name: str, raw: dict[str, Any], variables: Mapping[str, str]) -> Service:
    readers: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "command": ("command", _command),
        "environment": ("environment", _environment),
        "volumes": ("volumes", _volumes),
        "depends_on": ("depends_on", _depends_on),
        "healthcheck": ("healthcheck", _healthcheck),
        "restart": ("restarts", _restarts),
        "logging": ("forward_to", _logging),
        "stop_grace_period": ("stop_grace_s", seconds),
    }
    values: dict[str, Any] = {"command": ()}
    for key, entry in raw.items():
        try:
            if key == "ports":
                values["ports"] = tuple(_port(port, variables) for port in entry)
            elif key in readers:
                field_name, reader = readers[key]
                values[field_name] = reader(fill(entry, variables))
            elif key not in CONTAINER_ONLY:
                raise ValueError("not supported without Docker")
        except (ValueError, VariableError) as error:
            raise ComposeError(f"service {name}: {key}: {error}") from None
    if not values["command"]:
        raise ComposeError(f"service {name}: command: a process needs one; the image's own is not known")
    return Service(name=name, **values)


def _command(raw: Any) -> tuple[str, ...]:
    return tuple(shlex.split(raw) if isinstance(raw, str) else map(str, raw))


def _environment(raw: Any) -> dict[str, str]:
    if not isinstance(raw, dict):
        raise ValueError("expected a mapping of names to values")
    if wrong := [name for name, value in raw.items() if not isinstance(value, str)]:
        raise ValueError(f"{', '.join(wrong)}: write the value as a quoted string")
    return dict(raw)


def _ports(name: str, raw: dict[str, Any], variables: Mapping[str, str]) -> tuple[Port, ...]:
    try:
        return tuple(_port(port, variables) for port in raw.get("ports", ()))
    except (ValueError, VariableError) as error:
        raise ComposeError(f"service {name}: ports: {error}") from None


def _port(raw: Any, variables: Mapping[str, str]) -> Port:
    match = PORT.fullmatch(fill(raw, variables)) if isinstance(raw, str) else None
    if not match:
        raise ValueError(f"{raw!r}: expected 127.0.0.1:<published>:<container>[/tcp|/udp]")
    if not 0 < int(match["published"]) < 65536:
        raise ValueError(f"{raw!r}: there is no port {match['published']}")
    variable = next(iter(names_in(raw)), "")
    return Port(int(match["container"]), int(match["published"]), match["protocol"] or "tcp", variable)


def _volumes(raw: Any) -> dict[str, str]:
    matches = [VOLUME.fullmatch(entry) if isinstance(entry, str) else None for entry in raw]
    if not all(matches):
        raise ValueError(f"{raw!r}: only named volumes, name:/mount/point, are supported without Docker")
    return {match["target"]: match["name"] for match in matches if match}


def _depends_on(raw: Any) -> dict[str, str]:
    if isinstance(raw, list):
        return dict.fromkeys(raw, STARTED)
    conditions = {name: entry.get("condition", STARTED) for name, entry in raw.items()}
    for name, entry in raw.items():
        if entry.keys() - {"condition"} or conditions[name] not in (STARTED, HEALTHY, COMPLETED):
            raise ValueError(f"{name}: {entry!r} is not supported without Docker")
    return conditions


def _healthcheck(raw: dict[str, Any]) -> Healthcheck:
    kind, *command = raw.get("test") or [""]
    if kind != "CMD" or not command:
        raise ValueError("test: expected [CMD, program, arguments...]")
    times = {"interval", "timeout", "start_period", "start_interval"}
    if unknown := sorted(raw.keys() - times - {"test", "retries"}):
        raise ValueError(f"{', '.join(unknown)}: not supported without Docker")
    durations: dict[str, Any] = {key: seconds(raw[key]) for key in times & raw.keys()}
    return Healthcheck(test=tuple(command), retries=raw.get("retries", 3), **durations)


def _restarts(raw: Any) -> bool:
    if raw not in ("no", "unless-stopped"):
        raise ValueError(f'{raw!r}: expected "no" or unless-stopped')
    return bool(raw == "unless-stopped")


def _logging(raw: dict[str, Any]) -> str:
    """Return host:port of the log agent, or "" where the driver writes files, as the supervisor does."""
    driver, options = raw.get("driver", ""), raw.get("options") or {}
    if driver not in LOG_OPTIONS or (unknown := sorted(options.keys() - LOG_OPTIONS[driver])):
        wrong = f"driver {driver!r}" if driver not in LOG_OPTIONS else f"options {', '.join(unknown)}"
        raise ValueError(f"{wrong}: not supported without Docker")
    if driver != "fluentd":
        return ""
    address = str(options.get("fluentd-address", ""))
    if not re.fullmatch(r"127\.0\.0\.1:\d{1,5}", address):
        raise ValueError(f"fluentd-address {address!r}: expected 127.0.0.1:<port>")
    return address


def _check_dependencies(stack: Stack) -> None:
    stack.stop_order()
    for service in stack.services.values():
        for needed, condition in service.depends_on.items():
            if needed not in stack.services:
                raise ComposeError(f"service {service.name}: depends_on: there is no service {needed}")
            if condition == HEALTHY and not stack.services[needed].healthcheck:
                raise ComposeError(f"service {service.name}: depends_on: {needed} has no healthcheck")
