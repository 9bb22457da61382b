"""Checks that the stack's ports are free, and names the Lantern or the programs that have them."""

import contextlib
import socket
from pathlib import Path

import psutil

from local.processes.compose import Port, Stack
from local.stack import clones
from local.stack.errors import Refused


def require_free(stack: Stack) -> None:
    """Raise Refused when ports are taken, naming their holders, and the variables that move them."""
    services: dict[tuple[int, str], str] = {}
    problems: list[str] = []
    of_clones: dict[Path, list[str]] = {}
    for service, port in stack.ports():
        first = services.setdefault((port.published, port.protocol), service.name)
        if first != service.name:
            problems.append(
                f"Port {port.published} is wanted by {first} and by {service.name}. {_advice(port)}"
            )
        elif not _is_free(port):
            if clone := clones.holder(port):
                of_clones.setdefault(clone, []).append(f"{port.published} ({service.name})")
            else:
                problems.append(_taken(service.name, port))
    problems += [_of_clone(folder, numbers, stack) for folder, numbers in of_clones.items()]
    if problems:
        raise Refused("\n".join(dict.fromkeys(problems)))


def _is_free(port: Port) -> bool:
    kind = socket.SOCK_DGRAM if port.protocol == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        if port.protocol == "tcp":  # connections in TIME_WAIT do not count
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port.published))
        except OSError:
            return False
        return True


def _of_clone(folder: Path, numbers: list[str], stack: Stack) -> str:
    lines = [
        f"Another Lantern runs, in {folder}, and has the ports {', '.join(dict.fromkeys(numbers))}.",
        "'make down' in that folder stops it. To have two at once, give this one other ports, in .env:",
        *(f"  {line}" for line in clones.other_ports(stack)),
    ]
    return "\n".join(lines)


def _taken(service: str, port: Port) -> str:
    kind = " (udp)" if port.protocol == "udp" else ""
    return f"Port {port.published}{kind} for {service} is taken by {_program(port)}. {_advice(port)}"


def _advice(port: Port) -> str:
    if not port.variable:
        return "Stop what runs there."
    return f"Stop what runs there, or choose another: make up {port.variable}={port.published + 100}"


def _program(port: Port) -> str:
    with contextlib.suppress(psutil.Error):
        if process := clones.listener(port):
            return f"{' '.join(process.cmdline())[:60] or process.name()} (pid {process.pid})"
    return "another program"
