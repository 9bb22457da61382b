"""A checkout that is rehearsed: a git repository of its own, `make rehearse`'s command, AWS's clients."""

import os
import re
import subprocess
import sys
from pathlib import Path

import boto3
import requests

from tests.containers.engine import ROOT, Checkout, printed_by
from tests.ports import free_port
from tests.waiting import wait_until

KEYS = {"region_name": "us-east-1", "aws_access_key_id": "laptop", "aws_secret_access_key": "laptop"}
GIT = ["git", "-c", "user.name=Trainee", "-c", "user.email=trainee@lantern.invalid"]


class Rehearsal(Checkout):
    """A git repository with every tracked file as it is in the work tree, in one commit."""

    def __init__(self, folder: Path, project: str) -> None:
        super().__init__(folder, project)
        self.ports |= {name: free_port() for name in ("pipeline", "rehearsal", "rehearsal_test")}
        self.env |= {f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        self.env |= {"MODE": "containers", "TIME_SCALE": "60"}
        listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, check=True)
        for name in listed.stdout.decode().split("\0"):
            source, target = ROOT / name, folder / name
            if name and source.is_file() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
                target.chmod(source.stat().st_mode)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit("Open the shop")

    @property
    def shop(self) -> str:
        return f"http://127.0.0.1:{self.ports['rehearsal']}"

    @property
    def pipeline(self) -> str:
        return f"http://127.0.0.1:{self.ports['pipeline']}"

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            [*GIT, *arguments], cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, subject: str, **files: str) -> str:
        """Write files (`/` as `__`), commit everything; returns the commit's id."""
        for name, text in files.items():
            (self.folder / name.replace("__", "/")).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", subject)
        return self.git("rev-parse", "HEAD")

    def begin_rehearsal(self, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "local.rehearsal"],
            cwd=self.folder,
            env=self.env | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def rehearse(self, code: int, **environ: str) -> str:
        """Rehearse to the end; fail unless that exits with `code`; return its output."""
        try:
            return printed_by(self.begin_rehearsal(**environ), code)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.build_logs()}") from None

    def build_logs(self) -> str:
        """Return the last lines of the three newest builds, to see why one of them has failed."""
        logs, group = self.client("logs", "aws"), {"logGroupName": "/lantern/build"}
        streams = logs.describe_log_streams(**group, orderBy="LastEventTime", descending=True, limit=3)
        names = [stream["logStreamName"] for stream in streams["logStreams"]]
        pages = [logs.get_log_events(**group, logStreamName=name, limit=40)["events"] for name in names]
        return "\n".join(event["message"] for page in pages for event in page)

    def client(self, service: str, port: str = "pipeline"):
        return boto3.client(service, endpoint_url=f"http://127.0.0.1:{self.ports[port]}", **KEYS)

    def snapshot(self) -> dict:
        return requests.get(f"{self.pipeline}/_lantern/snapshot", timeout=10).json()

    def events(self, after: int = 0) -> list[dict]:
        return requests.get(f"{self.pipeline}/_lantern/events?after={after}", timeout=10).json()

    def service(self, name: str) -> dict:
        return next(service for service in self.snapshot()["services"] if service["name"] == name)

    def version(self) -> str:
        return requests.get(f"{self.shop}/version", timeout=5).json()["version"]

    def deploy(self, service: str, **changes: str) -> str:
        """Deploy the running revision again with a changed environment; return the deployment's id."""
        ecs, codedeploy = self.client("ecs", "aws"), self.client("codedeploy")
        family = f"lantern-{service}"
        newest = ecs.list_task_definitions(familyPrefix=family, sort="DESC")["taskDefinitionArns"][0]
        definition = ecs.describe_task_definition(taskDefinition=newest)["taskDefinition"]
        container = definition["containerDefinitions"][0]
        container["environment"] = [
            variable | {"value": changes.get(variable["name"], variable["value"])}
            for variable in container["environment"]
        ]
        fields = ("family", "taskRoleArn", "executionRoleArn", "networkMode", "cpu", "memory")
        fields += ("containerDefinitions", "requiresCompatibilities", "runtimePlatform")
        changed = {field: definition[field] for field in fields}
        registered = ecs.register_task_definition(**changed)["taskDefinition"]
        spec = (self.folder / "appspec.yaml").read_text()
        content = spec.replace("<TASK_DEFINITION>", registered["taskDefinitionArn"])
        revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}
        self.wait_until_quiet(service)
        answer = codedeploy.create_deployment(
            applicationName="lantern", deploymentGroupName=service, revision=revision
        )
        return answer["deploymentId"]

    def wait_until_quiet(self, service: str) -> None:
        """Wait until none of the service's alarms is on."""

        def quiet() -> bool:
            alarms = self.snapshot()["alarms"].items()
            ringing = [name for name, (state, _) in alarms if state == "ALARM"]
            return not any(name.startswith(f"lantern-{service}-") for name in ringing)

        wait_until(quiet, 30, f"no alarm of {service} is on")

    def status(self, deployment: str) -> dict:
        return self.client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"]

    def target(self, deployment: str, service: str) -> dict:
        """Return the deployment's ECS target, with its lifecycle events and task sets."""
        answer = self.client("codedeploy").get_deployment_target(
            deploymentId=deployment, targetId=f"lantern:{service}"
        )
        return answer["deploymentTarget"]["ecsTarget"]

    def at(self, deployment: str, service: str) -> str:
        """Return the name of the lifecycle event in progress, "" between and after events."""
        events = self.target(deployment, service)["lifecycleEvents"]
        return next((event["lifecycleEventName"] for event in events if event["status"] == "InProgress"), "")

    def kill_runner(self) -> None:
        """Kill the runner with SIGKILL; Docker restarts its container."""
        runner = self.containers()["pipeline"]
        listed = runner.top(ps_args="-eo pid,args")["Processes"]
        numbers = [int(row[0]) for row in listed if row[1].startswith("/venv/bin/python3 -m local.pipeline")]
        assert numbers, listed
        os.kill(numbers[0], 9)


class Shoppers:
    """`make traffic` beside a rehearsal."""

    def __init__(self, checkout: Rehearsal, rate: int) -> None:
        python = Path(sys.prefix) / "traffic" / "bin" / "python"
        environ = checkout.env | {"TARGET_URL": checkout.shop, "RATE": str(rate), "SECONDS": "300"}
        self._process = subprocess.Popen(
            [str(python), "-m", "local.traffic"],
            cwd=checkout.folder,
            env=environ | {"PYTHONPATH": str(checkout.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> "Shoppers":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()

    def stop(self) -> tuple[int, int, str]:
        """End it; return the numbers of requests and of failures that it has counted, and its table."""
        self._process.terminate()
        printed, _ = self._process.communicate(timeout=30)
        requests_, failed = re.search(r"^all\s+(\d+)\s+(\d+)", printed, re.M).groups()
        return int(requests_), int(failed), printed


def took(printed: str) -> float:
    """Return the seconds from an execution's start to its last line."""
    return max(float(at) for at in re.findall(r"^ *(\d+\.\d) s (?:real|stand-in)", printed, re.M))


def gave_up(table: str) -> int:
    """Return how many requests a service answered with 503 because its own deadline had passed.

    It is what a busy machine does. A load balancer without a task, or a lost connection, says something else.
    """
    return sum(map(int, re.findall(r"^ *(\d+) times .*: 503 A dependency does not answer ", table, re.M)))
