"""An AWS account on this machine: MiniStack with a Docker engine, and the templates that it understands.

Its network is 169.254.170.0/24 with MiniStack at .2: there ECS gives a task its credentials, and boto3 takes
them from few other addresses.
"""

import json
import re
import subprocess
import uuid
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import docker
import requests

from infra.shop import SERVICES, XRAY_DAEMON_VERSION, XRAY_REPOSITORY, stack_name
from tests.shop import free_port
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
SUBNET = "169.254.170.0/24"
REGISTRY = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}"
TAG = "first"


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


class Account:
    """MiniStack in a container that may start others; everything it starts ends with `close`."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.left_out: dict[str, set[str]] = {}
        self._engine = docker.from_env()
        self._mark = f"lantern-test-{uuid.uuid4().hex[:8]}"
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
                "MINISTACK_ACCOUNT_ID": "111122223333",
                "MINISTACK_REGION": "us-east-1",
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
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def push_images(self) -> None:
        """As `make deploy` does: the three services and the sidecar, with Docker, into its registry."""
        token = self.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
        credentials = {"username": "AWS", "password": token}
        images = {
            service.repository: (
                build(f"lantern-{service.name}", "services/Dockerfile", SERVICE=service.name),
                TAG,
            )
            for service in SERVICES
        }
        images[XRAY_REPOSITORY] = (
            build("lantern-test-sidecar", "tests/infra/sidecar.Dockerfile"),
            XRAY_DAEMON_VERSION,
        )
        for repository, (image, tag) in images.items():
            self.push(image, repository, tag, credentials)

    def push(self, image: str, repository: str, tag: str, credentials: dict[str, str] | None = None) -> str:
        """Push and return what the registry said."""
        target = f"127.0.0.1:{self.port}/{repository}"
        self._engine.images.get(image).tag(target, tag)
        said: str = self._engine.images.push(
            target, tag, auth_config=credentials or {"username": "AWS", "password": "x"}
        )
        return said

    def create(self, part: str) -> None:
        """Create one stack from its committed template, less what MiniStack lacks."""
        cloudformation, name = self.client("cloudformation"), stack_name(part)
        text = (ROOT / "infra" / "cloudformation" / f"{name}.json").read_text()
        template = json.loads(text.replace(REGISTRY, f"127.0.0.1:{self.port}"))
        declared = template.get("Parameters", {})
        given = [{"ParameterKey": "ImageTag", "ParameterValue": TAG}] if "ImageTag" in declared else []

        def send() -> None:
            cloudformation.create_stack(
                StackName=name,
                TemplateBody=json.dumps(template),
                Parameters=given,
                Capabilities=["CAPABILITY_NAMED_IAM"],
            )

        self._leave_out(part, template, set())
        try:
            send()
        except botocore.exceptions.ClientError as error:
            # "Template format error: Unrecognized resource types: [...]"
            unknown = set(re.findall(r"AWS::\w+::\w+", str(error)))
            if not unknown:
                raise
            self._leave_out(part, template, unknown)
            send()
        status = wait_until(lambda: self._finished(name), within_s=60)
        assert status == "CREATE_COMPLETE", self._failures(name)

    def _leave_out(self, part: str, template: dict[str, Any], types: set[str]) -> None:
        resources = template["Resources"]
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
                resource["DependsOn"] = [one for one in resource["DependsOn"] if one in resources]

    def _finished(self, name: str) -> str | None:
        status: str = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0][
            "StackStatus"
        ]
        return None if status.endswith("_IN_PROGRESS") else status

    def _failures(self, name: str) -> list[str]:
        events = self.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
        return [
            f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason')}"
            for one in events
            if "FAILED" in one["ResourceStatus"]
        ]

    def listen(self) -> None:
        """Give the private names and the internal load balancer's ports to the tasks."""
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
        found = self.client("elbv2").describe_load_balancers(Names=[load_balancer])["LoadBalancers"]
        return str(found[0]["DNSName"])

    def shop(self, method: str, path: str, **options: Any) -> requests.Response:
        """A customer's request, through the public load balancer."""
        headers = {"Host": f"{self.address('lantern-public')}:80", **options.pop("headers", {})}
        return requests.request(method, f"{self.url}{path}", headers=headers, timeout=10, **options)

    def tasks(self) -> list[Any]:
        """The containers that ECS started here."""
        return [
            one
            for one in self._engine.containers.list(all=True, filters={"label": "com.amazonaws.ecs.cluster"})
            if self._mark in one.attrs["NetworkSettings"]["Networks"]
        ]

    def logs(self) -> str:
        return str(self._containers[0].logs(tail=50).decode())

    def close(self) -> None:
        for container in [*self.tasks(), *self._containers]:
            container.remove(force=True)
        self._network.remove()
