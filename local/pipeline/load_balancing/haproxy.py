"""The load balancers' engine: HAProxy, configured from the templates' listeners and target groups.

`python -m local.pipeline.load_balancing.haproxy` writes it and becomes HAProxy. `load_balancer`
registers targets and sets weights later, over HAProxy's socket, so target groups are empty at first.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from local.pipeline.architecture import Architecture, ArchitectureError, TargetGroup, read
from local.pipeline.clock import Clock
from local.pipeline.load_balancing.access_log import FORMAT
from local.pipeline.settings import Settings
from settings import SettingsError, load

SLOTS = 12  # places for targets in each target group
SHARES = 100
LEAST_INTERVAL_S = 0.5  # real: six targets that are asked oftener would keep a laptop busy
FOLDER = Path("/balancer")
ADMIN, ACCESS = "admin.sock", "access.sock"

HEAD = """\
global
  stats socket {folder}/admin.sock mode 666 level admin
  log {folder}/access.sock len 8192 format raw local0
  maxconn 4000
  hard-stop-after 20s
defaults
  mode http
  log global
  timeout connect 3s
  timeout client 60s
  timeout server 60s
  timeout http-request 10s
  retries 0
"""
# An Application Load Balancer adds the header where it lacks: Root=1-<8 hex of the time>-<24 hex>
FRONTEND = """\
frontend {name}
  bind :{port}
  http-request set-header X-Amzn-Trace-Id \
"Root=1-%[date,hex,bytes(8,8),lower]-%[uuid(4),regsub(-,,g),bytes(0,24)]" \
unless {{ req.hdr(X-Amzn-Trace-Id) -m found }}
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Port {port}
  option forwardfor
  http-request set-var(txn.at) date(0,ms)
  http-request set-var(txn.trace) req.hdr(X-Amzn-Trace-Id),bytes(0,512)
  http-request set-var(txn.host) req.hdr(Host),bytes(0,256)
  http-request set-var(txn.agent) req.hdr(User-Agent),bytes(0,512)
  log-format "{log_format}"
  use_backend %[rand({shares}),map({folder}/{name}.map)]
"""
BACKEND = """\
backend {name}
  option httpchk
  http-check send meth GET uri {path} hdr Host health-check
  http-check expect status {statuses}
  default-server inter {interval_ms}ms rise {healthy} fall {unhealthy} check
  timeout check {timeout_ms}ms
  server-template task 1-{slots} 127.0.0.1:{port} disabled
"""


def configuration(architecture: Architecture, clock: Clock, folder: Path = FOLDER) -> str:
    """HAProxy's configuration for every listener and target group."""
    parts = [HEAD.format(folder=folder)]
    for _, listener in architecture.listeners():
        name = listener_name(listener.name)
        parts.append(
            FRONTEND.format(name=name, port=listener.port, shares=SHARES, folder=folder, log_format=FORMAT)
        )
    parts += [_backend(group, clock) for group in architecture.target_groups()]
    return "".join(parts)


def listener_name(name: str) -> str:
    """A listener's name as HAProxy and its files take it."""
    return name.replace(".", "-")


def shares(weights: dict[str, int]) -> Iterator[str]:
    """One target group for each hundredth of the requests."""
    for name, weight in weights.items():
        yield from [name] * weight


def map_lines(weights: dict[str, int]) -> list[str]:
    """The lines of a listener's map: a number below a hundred, and the target group it goes to."""
    return [f"{number} {name}" for number, name in enumerate(shares(weights))]


def _backend(group: TargetGroup, clock: Clock) -> str:
    return BACKEND.format(
        name=group.name,
        path=group.path,
        statuses=group.statuses,
        interval_ms=round(1000 * max(clock.real_s(group.interval_s), LEAST_INTERVAL_S)),
        timeout_ms=round(1000 * group.timeout_s),
        healthy=group.healthy,
        unhealthy=group.unhealthy,
        slots=SLOTS,
        port=group.port,
    )


def main() -> None:
    """Become HAProxy; exit code 2 on wrong settings or templates."""
    try:
        architecture, clock = read(), Clock(load(Settings).scale)
    except (SettingsError, ArchitectureError) as error:
        sys.stderr.write(f"The load balancer cannot start: {error}\n")
        sys.exit(2)
    for _, listener in architecture.listeners():
        lines = map_lines({listener.target_group: 100})
        (FOLDER / f"{listener_name(listener.name)}.map").write_text("\n".join(lines) + "\n")
    file = FOLDER / "haproxy.cfg"
    file.write_text(configuration(architecture, clock))
    os.execvp("haproxy", ["haproxy", "-f", str(file)])  # noqa: S606  nothing of ours has to run beside it


if __name__ == "__main__":
    main()
