"""From a container's settings to a process's. All that differs between the two ways to run is on this page.

- `service:8080` becomes 127.0.0.1 and the port on which that service is published, or would be with Docker:
  what is not started then refuses at once, instead of being looked for by a name that nobody has.
- PORT, or a variable that ends in _PORT, becomes the published port where it holds a container's port.
- A volume's mount point becomes a folder below the state folder.
- From the user's environment a process gets as little as a container does: no profile, no proxy, no HOME.
"""

import os
import re
import sys
from pathlib import Path

from local.processes.compose import Service, Stack

PASSED_ON = ("LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE")


def environment(service: Service, stack: Stack, state: Path) -> dict[str, str]:
    """The whole environment of `service` as a process."""
    own = {str(port.container): str(port.published) for port in service.ports}
    translated = {
        name: own[value]
        if (name == "PORT" or name.endswith("_PORT")) and value in own
        else text(value, service, stack, state)
        for name, value in service.environment.items()
    }
    base = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    base["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    base["HOME"] = str(state / "home")
    return {**base, "PYTHONUNBUFFERED": "1", **translated}


def text(value: str, service: Service, stack: Stack, state: Path) -> str:
    """One value with other services' addresses and the service's own mount points replaced."""
    published = {other.name: other.ports for other in stack.services.values()} | stack.left_out
    for name, ports in published.items():
        for port in ports:
            address = rf"(?<![\w.-]){re.escape(name)}:{port.container}(?!\d)"
            value = re.sub(address, f"127.0.0.1:{port.published}", value)
    for mount, volume in service.volumes.items():
        if value == mount or value.startswith(mount + "/"):
            return str(state / volume) + value[len(mount) :]
    return value
