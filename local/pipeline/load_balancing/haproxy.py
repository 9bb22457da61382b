"""HAProxy in the place of both load balancers, configured from the templates' listeners and target groups.

`python -m local.pipeline.load_balancing.haproxy` writes the configuration and becomes HAProxy. Target groups
are empty at first: `load_balancer` registers targets and sets weights later, over HAProxy's socket.
"""

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from local.pipeline.architecture import Architecture, ArchitectureError, Listener, TargetGroup, read
from local.pipeline.clock import Clock
from local.pipeline.identifiers import arn
from local.pipeline.load_balancing.access_log import FORMAT
from local.pipeline.settings import Settings
from settings import SettingsError, load

SLOTS = 12  # most targets of one target group
SHARES = 100  # lines of a listener's map: weights are whole percents
LEAST_INTERVAL_S = 0.5  # real; more frequent health checks of six targets would keep a laptop busy
FOLDER = Path("/balancer")
ADMIN_SOCKET, ACCESS_SOCKET, ADDRESS_FILE = "admin.sock", "access.sock", "address"
RELAY_PORT = 4567
CLUSTER = "lantern"

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
# As an Application Load Balancer does, it adds the trace header where a request has none:
# Root=1-<8 hexadecimal digits of the time>-<24 hexadecimal digits>
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
{foreign_pages}\
  log-format "{log_format}"
  use_backend %[rand({shares}),map({map_file})]
"""
# Requests of foreign web pages are refused by the rules of the package `origins`, in HAProxy's words.
FOREIGN_PAGES = """\
  acl own_host req.hdr(Host) -m reg -i \
^([\\w-]+|[\\w.-]+\\.(localhost|internal)|[0-9.]+|\\[[0-9a-f:.]+\\])(:[0-9]+)?$
  http-request deny deny_status 403 if !own_host
  http-request set-var(txn.own) req.hdr(Host),lower
  http-request set-var(txn.link) bool(true) if { path / } { method GET HEAD } \
{ req.hdr(Sec-Fetch-Mode) navigate } { req.hdr(Sec-Fetch-Dest) document }
  acl link var(txn.link) -m bool
  http-request deny deny_status 403 if !link { req.hdr(Sec-Fetch-Site) -m found } \
!{ req.hdr(Sec-Fetch-Site) same-origin none }
  http-request deny deny_status 403 if !link { req.hdr(Origin) -m found } \
!{ req.hdr(Origin),lower,field(3,/),strcmp(txn.own) eq 0 }
  http-request deny deny_status 403 if !link { req.hdr(Referer) -m found } \
!{ req.hdr(Referer),lower,field(3,/),strcmp(txn.own) eq 0 }
"""
# What lifecycle hooks ask of the pipeline: three operations. Functions and tasks are in a network without it,
# for whoever reaches its API can push what a build runs. And of ECS's metadata what tells a task its id.
HOOK_RELAY = """\
frontend hooks
  bind :{port}
  no log
  option http-buffer-request
  acl is_hooks req.hdr(X-Amz-Target) -m str CodeDeploy_20141006.GetDeployment \
CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus
  acl is_ec2 req.body_param(Action) -m str DescribeNetworkInterfaces
  http-request return status 200 content-type application/json lf-string \
'{{"Cluster":"{cluster}","TaskARN":"{task_arn}/%[path,field(3,/)]"}}' \
if {{ method GET }} {{ path -m reg ^/v4/[0-9a-f]{{32}}/task$ }}
  http-request deny deny_status 403 if !{{ path / }}
  http-request deny deny_status 403 if {{ req.hdr(X-Amz-Target) -m found }} !is_hooks
  http-request deny deny_status 403 if !{{ req.hdr(X-Amz-Target) -m found }} !is_ec2
  default_backend pipeline
backend pipeline
  server pipeline {pipeline} resolvers docker resolve-prefer ipv4 init-addr last,libc,none
resolvers docker
  nameserver docker 127.0.0.11:53
  hold valid 1s
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
    """Return HAProxy's configuration: a frontend for each listener, a backend for each target group."""
    return "".join(
        [
            HEAD.format(folder=folder),
            *(_frontend(listener, folder) for listener in architecture.listeners()),
            *(_backend(target_group, clock) for target_group in architecture.target_groups()),
        ]
    )


def relay(pipeline: str, port: int = RELAY_PORT) -> str:
    """Return the frontend that functions and tasks ask; it passes on to `pipeline` what hooks may ask."""
    task_arn = arn("ecs", f"task/{CLUSTER}")
    return HOOK_RELAY.format(port=port, pipeline=pipeline, cluster=CLUSTER, task_arn=task_arn)


def frontend_name(listener: str) -> str:
    """Return a listener's name in HAProxy, which takes no dots."""
    return listener.replace(".", "-")


def map_file(listener: str, folder: Path = FOLDER) -> Path:
    """Return the file of a listener's map, which HAProxy also uses as the map's name."""
    return folder / f"{frontend_name(listener)}.map"


def map_lines(weights: Mapping[str, int]) -> list[str]:
    """Return a listener's map: each number below 100, drawn at random for a request, names a target group."""
    shares = [target_group for target_group, weight in weights.items() for _ in range(weight)]
    return [f"{number} {target_group}" for number, target_group in enumerate(shares)]


def _frontend(listener: Listener, folder: Path) -> str:
    return FRONTEND.format(
        name=frontend_name(listener.name),
        port=listener.port,
        log_format=FORMAT,
        shares=SHARES,
        map_file=map_file(listener.name, folder),
        foreign_pages=FOREIGN_PAGES,
    )


def _backend(target_group: TargetGroup, clock: Clock) -> str:
    return BACKEND.format(
        name=target_group.name,
        path=target_group.path,
        statuses=target_group.statuses,
        interval_ms=round(1000 * max(clock.real_s(target_group.interval_s), LEAST_INTERVAL_S)),
        timeout_ms=round(1000 * target_group.timeout_s),
        healthy=target_group.healthy,
        unhealthy=target_group.unhealthy,
        slots=SLOTS,
        port=target_group.port,
    )


def address(folder: Path = FOLDER) -> str:
    """Return the load balancers' address in the tasks' network."""
    return (folder / ADDRESS_FILE).read_text()


def main() -> None:
    """Become HAProxy. Exits with 2 on wrong settings or templates."""
    try:
        architecture, clock = read(), Clock(load(Settings).scale)
    except (SettingsError, ArchitectureError) as error:
        sys.stderr.write(f"The load balancer cannot start: {error}\n")
        sys.exit(2)
    for listener in architecture.listeners():
        map_file(listener.name).write_text("\n".join(map_lines({listener.target_group: 100})) + "\n")
    (FOLDER / ADDRESS_FILE).write_text(socket.gethostbyname(architecture.balancers[0]))
    file = FOLDER / "haproxy.cfg"
    file.write_text(configuration(architecture, clock) + relay("pipeline:4567"))
    os.execvp("haproxy", ["haproxy", "-f", str(file)])  # noqa: S606  nothing of ours has to run beside it


if __name__ == "__main__":
    main()
