"""Checks that the stack's ports are free, and names the programs that have them."""

import contextlib
import socket

import psutil

from local.processes.compose import Port, Stack
from local.stack.errors import Refused


def require_free(stack: Stack) -> None:
    """Raise Refused when a port is taken, naming it, its holder and the variable that moves it."""
    services: dict[tuple[int, str], str] = {}
    problems: list[str] = []
    for service, port in stack.ports():
        first = services.setdefault((port.published, port.protocol), service.name)
        if first != service.name:
            problems.append(
                f"Port {port.published} is wanted by {first} and by {service.name}. {_advice(port)}"
            )
        elif not _is_free(port):
            problems.append(_taken(service.name, port))
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


def _taken(service: str, port: Port) -> str:
    kind = " (udp)" if port.protocol == "udp" else ""
    return f"Port {port.published}{kind} for {service} is taken by {_holder(port)}. {_advice(port)}"


def _advice(port: Port) -> str:
    if not port.variable:
        return "Stop what runs there."
    return f"Stop what runs there, or choose another: make up {port.variable}={port.published + 100}"


def _holder(port: Port) -> str:
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections(kind=port.protocol):
            listens = port.protocol == "udp" or connection.status == psutil.CONN_LISTEN
            if listens and connection.laddr and connection.laddr.port == port.published and connection.pid:
                process = psutil.Process(connection.pid)
                return f"{' '.join(process.cmdline())[:60] or process.name()} (pid {connection.pid})"
    return "another program"
