"""Translates a container's environment into a process's.

- `service:8080` becomes 127.0.0.1 and the port that the service is published on. That holds for services
that run with Docker only, too: a connection to them is refused at once, while their name could not be
resolved. - PORT, and a variable whose name ends in _PORT, becomes the published port when its value is a
container's port.
- The mount point of a volume becomes a folder below the state folder.
- A process gets as little of the user's environment as a container does: no profile, no proxy, no HOME.
"""

import os
import re
import sys
from pathlib import Path

from local.processes.compose import Service, Stack

PASSED_ON = ("LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE")


def environment(service: Service, stack: Stack, state: Path) -> dict[str, str]:
    """Return the whole environment of `service` as a process."""
    own_ports = {str(port.container): str(port.published) for port in service.ports}
    translated = {
        name: own_ports[value]
        if (name == "PORT" or name.endswith("_PORT")) and value in own_ports
        else translate(value, service, stack, state)
        for name, value in service.environment.items()
    }
    base = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    base["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    base["HOME"] = str(state / "home")
    return {**base, "PYTHONUNBUFFERED": "1", **translated}


def translate(value: str, service: Service, stack: Stack, state: Path) -> str:
    """Return a value with all services' addresses and the service's own mount points replaced."""
    published = {name: service_.ports for name, service_ in stack.services.items()} | stack.left_out
    for name, ports in published.items():
        for port in ports:
            address = rf"(?<![\w.-]){re.escape(name)}:{port.container}(?!\d)"
            value = re.sub(address, f"127.0.0.1:{port.published}", value)
    for mount, volume in service.volumes.items():
        if value == mount or value.startswith(mount + "/"):
            return str(state / volume) + value[len(mount) :]
    return value
