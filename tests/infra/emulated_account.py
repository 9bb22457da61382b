"""An emulated AWS account: MiniStack with a Docker engine, and the templates without what it lacks.

Its network is 169.254.170.0/24 with MiniStack at .2: there ECS gives a task its credentials, and boto3 takes
them from few other addresses.
"""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import docker
import requests

from infra.shop import EXAMPLE_ACCOUNT, EXAMPLE_REGION, SERVICES, STACKS, stack_name
from tests.ports import free_port
from tests.stacks import AddressLock, new_stack_name
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
SUBNET = "169.254.170.0/24"
REGISTRY = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}"


def build(name: str, recipe: str, **arguments: str) -> str:
    """Build an image from a Dockerfile of this checkout; returns its tag."""
    options = [option for key, value in arguments.items() for option in ("--build-arg", f"{key}={value}")]
    run = subprocess.run(
        ["docker", "build", "--quiet", "--file", recipe, "--tag", name, *options, "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return name


class EmulatedAccount:
    """MiniStack in a container that may start others; `close` removes everything that it started."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.left_out: dict[str, set[str]] = {}
        self._engine = docker.from_env()
        self._addresses = AddressLock(SUBNET)
        self._mark = new_stack_name("account")
        pool = docker.types.IPAMPool(subnet=SUBNET, gateway="169.254.170.1")
        self._network = self._engine.networks.create(
            self._mark, ipam=docker.types.IPAMConfig(pool_configs=[pool])
        )
        self._containers: list[Any] = []

    def open(self) -> None:
        """Start it; returns when it answers."""
        self._containers.append(self._start_ministack())
        wait_until(self._answers, within_s=30)

    def _start_ministack(self) -> Any:
        return self._engine.containers.run(
            build("lantern-test-ministack", "tests/infra/ministack.Dockerfile"),
            detach=True,
            name=self._mark,
            network=self._mark,
            ports={f"{self.port}/tcp": ("127.0.0.1", self.port)},
            volumes={"/var/run/docker.sock": {"bind": "/var/run/docker.sock", "mode": "rw"}},
            environment={
                "GATEWAY_PORT": str(self.port),
                "MINISTACK_ACCOUNT_ID": EXAMPLE_ACCOUNT,
                "MINISTACK_REGION": EXAMPLE_REGION,
                "LOG_LEVEL": "WARNING",
            },
        )

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/_ministack/health", timeout=2).ok
        except requests.ConnectionError:
            return False

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=EXAMPLE_REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def environment(self) -> dict[str, str]:
        """What makes every AWS client ask this account, and Docker push to its registry."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": EXAMPLE_REGION,
            "AWS_DEFAULT_REGION": EXAMPLE_REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "ECR_REGISTRY": f"127.0.0.1:{self.port}",
        }

    def push(self, image: str, repository: str, tag: str, credentials: dict[str, str] | None = None) -> str:
        """Push an image; return the registry's answer."""
        target = f"127.0.0.1:{self.port}/{repository}"
        self._engine.images.get(image).tag(target, tag)
        answer: str = self._engine.images.push(
            target, tag, auth_config=credentials or {"username": "AWS", "password": "x"}
        )
        return answer

    def bring(self, image: str, name: str) -> None:
        """Tag a local image as one that can't be pulled."""
        repository, tag = name.rsplit(":", 1)
        self._engine.images.get(image).tag(repository, tag)

    def write_templates(self, folder: Path) -> None:
        """Write the templates, without types that MiniStack lacks and with its registry, into `folder`."""
        cloudformation = self.client("cloudformation")
        for part in STACKS:
            name = stack_name(part)
            text = (ROOT / "infra" / "cloudformation" / f"{name}.json").read_text()
            template = json.loads(text.replace(REGISTRY, f"127.0.0.1:{self.port}"))
            try:
                cloudformation.create_stack(StackName="probe", TemplateBody=json.dumps(_unmakeable(template)))
            except botocore.exceptions.ClientError as error:
                # "Template format error: Unrecognized resource types: [...]"
                self._leave_out(part, template, set(re.findall(r"AWS::\w+::\w+", str(error))))
            (folder / f"{name}.json").write_text(json.dumps(template))

    def _leave_out(self, part: str, template: dict[str, Any], types: set[str]) -> None:
        resources = template["Resources"]
        types -= {"AWS::Nobody::Knows"}
        for name in list(resources):
            kind = resources[name]["Type"]
            if kind == "AWS::CloudWatch::Alarm" and "Metrics" in resources[name]["Properties"]:
                kind = "AWS::CloudWatch::Alarm with metric math"
            elif kind not in types:
                continue
            del resources[name]
            self.left_out.setdefault(kind, set()).add(f"{part}.{name}")
        for resource in resources.values():
            if "DependsOn" in resource:
                resource["DependsOn"] = [name for name in resource["DependsOn"] if name in resources]

    def listen(self) -> None:
        """Make the internal load balancer reachable for the tasks, by the services' private names."""
        internal = [service for service in SERVICES if not service.public]
        container = self._engine.containers.create(
            "lantern-test-ministack",
            [
                "python3",
                "/listeners.py",
                f"http://169.254.170.2:{self.port}",
                self.address("lantern-internal"),
                *(str(service.production_port) for service in internal),
            ],
            name=f"{self._mark}-listeners",
            volumes={str(ROOT / "tests/infra/listeners.py"): {"bind": "/listeners.py", "mode": "ro"}},
        )
        self._network.connect(container, aliases=[service.host for service in internal])
        container.start()
        self._containers.append(container)

    def address(self, load_balancer: str) -> str:
        """The DNS name of a load balancer."""
        answer = self.client("elbv2").describe_load_balancers(Names=[load_balancer])
        return str(answer["LoadBalancers"][0]["DNSName"])

    def shop(self, method: str, path: str, **options: Any) -> requests.Response:
        """A customer's request, through the public load balancer."""
        headers = {"Host": f"{self.address('lantern-public')}:80", **options.pop("headers", {})}
        return requests.request(method, f"{self.url}{path}", headers=headers, timeout=10, **options)

    def tasks(self) -> list[Any]:
        """The containers that the emulated ECS started."""
        return [
            container
            for container in self._engine.containers.list(
                all=True, filters={"label": "com.amazonaws.ecs.cluster"}
            )
            if self._mark in container.attrs["NetworkSettings"]["Networks"]
        ]

    def logs(self) -> str:
        return str(self._containers[0].logs(tail=50).decode())

    def close(self) -> None:
        for container in [*self.tasks(), *self._containers]:
            container.remove(force=True)
        self._network.remove()
        self._addresses.release()


def _unmakeable(template: dict[str, Any]) -> dict[str, Any]:
    """The template's resource types and one that does not exist, so that nothing is made of it."""
    resources = {**template["Resources"], "Nobody": {"Type": "AWS::Nobody::Knows"}}
    return {"Resources": {name: {"Type": resource["Type"]} for name, resource in resources.items()}}
