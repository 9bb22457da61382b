"""Runs the stack as containers, by `docker compose` on the same file."""

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, TypeVar

from local.stack import clones, ports
from local.stack.engine import Progress, Say, State, has_started
from local.stack.errors import NotUp
from local.stack.site import Site
from local.stack.sizes import megabytes, size_of

POLL_S = 0.5
# Docker's words for a container that is being removed while it is looked at or removed here
REMOVAL_ELSEWHERE = ("No such container", "is already in progress")
REMOVAL_TRIES = 20
DEADLINE_S = 300.0  # for the start of the containers; the build before it may take longer
REPORT_LINES = 15
REHEARSAL = "lantern.rehearsal"  # label of the containers that the pipeline starts: tasks and builds
PROFILES = ("traffic", "rehearsal")
OLDEST_ENGINE = 25  # the first version that supports a health check's start_interval

Answer = TypeVar("Answer")


class Containers:
    """The engine that needs Docker."""

    mode = "containers"

    def __init__(self, site: Site) -> None:
        self._site = site
        self._environ = {**os.environ, **site.environ, "COMPOSE_PROJECT_NAME": site.stack.name}
        self._log = site.home / "logs" / "compose.log"

    @cached_property
    def missing(self) -> str:
        """Why containers cannot be run on this machine, "" when they can."""
        if not shutil.which("docker"):
            return "there is no docker command"
        for command in (
            ["docker", "info", "--format", "{{.ServerVersion}}"],
            ["docker", "compose", "version"],
        ):
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
            except subprocess.TimeoutExpired:
                return f"'{' '.join(command[:2])}' does not answer"
            if done.returncode:
                return f"'{' '.join(command[:2])}' fails: {(done.stderr.strip().splitlines() or ['?'])[-1]}"
            major = done.stdout.split(".")[0]
            if major.isdecimal() and int(major) < OLDEST_ENGINE:
                return f"Docker Engine {done.stdout.strip()} is too old, {OLDEST_ENGINE} is needed"
        return ""

    def is_running(self) -> bool:
        if self.missing:
            return False
        clones.require_own(self._site.stack.name, self._site.root)
        label = f"label={clones.PROJECT}={self._site.stack.name}"
        lists = (["docker", "ps", "--all", "--quiet"], ["docker", "network", "ls", "--quiet"])
        return any(self._run([*command, "--filter", label]) for command in lists)

    def is_complete(self) -> bool:
        states = {state.service: state.state for state in self.states()}
        return all(
            has_started(service, states.get(name, "")) for name, service in self._site.stack.services.items()
        )

    def start(self, say: Say) -> None:
        former_states = self.states()
        if not former_states:
            ports.require_free(self._site.stack)
        clones.mark_own(self._site.stack.name, self._site.root)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        say("Building the images; the first time this takes a minute or two")
        self._build()
        say("Starting the containers")
        with self._log.open("ab") as log:
            up = subprocess.Popen(
                [*self._compose(), "up", "--detach", "--no-build", "--remove-orphans"],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches this process only, which ends compose
            )
        try:
            self._wait_until_up(up, former_states, say)
        finally:
            _end(up)
        self._remove_replaced_images()

    def start_profile(self, profile: str, wait_s: float, say: Say) -> None:
        """Start the services of a profile beside a stack that is up. Raises NotUp."""
        compose = [*self._compose(), "--profile", profile]
        say(f"Building the images of the {profile}; the first time this takes a minute")
        self._build("--profile", profile)
        names = self._run([*compose, "config", "--services"]).split()
        added = [name for name in names if name not in self._site.stack.services]
        say(f"Starting {', '.join(added)}")
        command = [*compose, "up", "--detach", "--no-build", "--wait", "--wait-timeout", f"{wait_s:.0f}"]
        done = subprocess.run(
            [*command, *added],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            logs = [*compose, "logs", "--no-log-prefix", "--tail", str(REPORT_LINES), *added]
            last = (done.stderr.strip().splitlines() or ["?"])[-1]
            raise NotUp(f"The {profile} did not start: {last}\n{self._run(logs)}".rstrip())
        self._remove_replaced_images()

    def stop(self) -> None:
        profiles = [word for name in PROFILES for word in ("--profile", name)]
        # the pipeline goes first, because it starts a new task for each that is removed
        self._run([*self._compose(), *profiles, "rm", "--stop", "--force", "pipeline"])
        self._remove_rehearsal()
        self._run([*self._compose(), *profiles, "down", "--remove-orphans"])
        self._remove_replaced_images()

    def remove_volumes(self, names: Iterable[str]) -> None:
        """Remove volumes of a stack that is down, by their names in the compose file."""
        self._run(
            ["docker", "volume", "rm", "--force", *(f"{self._site.stack.name}_{name}" for name in names)]
        )

    def remove_everything(self) -> list[str]:
        """Remove the volumes and images of a stack that is down; returns what went, with its size."""
        label = f"label={clones.PROJECT}={self._site.stack.name}"
        volumes, before = self._volumes(label), self._images_size()
        if volumes:
            self._run(["docker", "volume", "rm", "--force", *volumes])
        images = self._run(["docker", "images", "--all", "--quiet", "--no-trunc", "--filter", label]).split()
        if images := list(dict.fromkeys(images)):
            self._run(["docker", "rmi", "--force", *images])
        removed = [f"{megabytes(size):>12}  volume {name}" for name, size in volumes.items()]
        freed = max(0.0, before - self._images_size())
        return [*removed, f"{megabytes(freed):>12}  {len(images)} images"]

    def _volumes(self, label: str) -> dict[str, float]:
        """The sizes of the volumes of this label, by name."""
        usage = json.loads(
            self._run(["docker", "system", "df", "--verbose", "--format", "{{json .Volumes}}"])
        )
        sizes = {volume["Name"]: size_of(volume["Size"]) for volume in usage}
        listed = self._run(["docker", "volume", "ls", "--quiet", "--filter", label]).split()
        unlabelled = f"{self._site.stack.name}_build-cache"  # made by the first build, not by compose
        names = [*listed, unlabelled] if unlabelled in sizes and unlabelled not in listed else listed
        return {name: sizes.get(name, 0.0) for name in names}

    def _images_size(self) -> float:
        """What all images of the engine take, their shared layers once."""
        rows = self._run(["docker", "system", "df", "--format", "{{.Type}}\t{{.Size}}"]).splitlines()
        return size_of(dict(row.split("\t") for row in rows)["Images"])

    def _remove_replaced_images(self) -> None:
        """Remove the images whose name a newer build has taken; one that something still runs stays."""
        label = f"label={clones.PROJECT}={self._site.stack.name}"
        filters = ["--filter", "dangling=true", "--filter", label]
        if images := self._run(["docker", "images", "--quiet", "--no-trunc", *filters]).split():
            with contextlib.suppress(NotUp):
                self._run(["docker", "rmi", *dict.fromkeys(images)])

    def _remove_rehearsal(self) -> None:
        """Remove tasks, builds and the images of builds, which compose does not know."""
        label = f"label={REHEARSAL}={self._site.stack.name}"
        self._after_removals(lambda: self._remove_containers(label))
        port = self._site.environ.get("AWS_PORT") or "4566"
        reference = f"reference=127.0.0.1:{port}/lantern/*"
        form = "{{.Repository}} {{.Tag}} {{.Digest}} {{.ID}}"
        listed = self._run(["docker", "images", "--digests", "--format", form, "--filter", reference])
        if images := dict.fromkeys(removable(line) for line in listed.splitlines()):
            self._run(["docker", "rmi", "--force", *images])

    def _remove_containers(self, label: str) -> None:
        if containers := self._run(["docker", "ps", "--all", "--quiet", "--filter", label]).split():
            self._run(["docker", "rm", "--force", "--volumes", *containers])

    def states(self) -> list[State]:
        command = [*self._compose(), "ps", "--all", "--format", "json"]
        printed = self._after_removals(lambda: self._run(command))
        # an object on each line or a list of all, depending on the version of compose
        rows = [json.loads(line) for line in printed.splitlines() if line]
        flat = rows[0] if rows and isinstance(rows[0], list) else rows
        return [_state(row) for row in flat]

    def logs(self, service: str, lines: int, follow: bool) -> None:
        command = [*self._compose(), "logs", "--tail", str(lines)]
        command += (["--follow"] if follow else []) + ([service] if service else [])
        subprocess.run(command, env=self._environ, check=False)

    def _build(self, *options: str) -> None:
        with self._log.open("wb") as log:
            build = subprocess.Popen(
                [*self._compose(), *options, "--progress", "plain", "build"],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                code = build.wait()
            finally:
                _end(build)
        if code:
            raise NotUp(f"The images could not be built; the last lines of {self._log}:\n{self._tail()}")

    def _wait_until_up(self, up: subprocess.Popen[bytes], former_states: list[State], say: Say) -> None:
        """Wait until all services have started. Raises NotUp when one fails that had not failed before."""
        progress = Progress(self._site.stack.services, say)
        deadline = time.monotonic() + DEADLINE_S
        while True:
            up_code = up.poll()  # asked first: the states then show the container for which it gave up
            states = self.states()
            progress.tell((state.service, state.state) for state in states)
            former_states = [state for state in former_states if state in states]
            if broken := [state for state in states if state.is_bad and state not in former_states]:
                raise NotUp(self._report(broken[0]))
            if up_code:
                raise NotUp(f"docker compose up failed; the last lines of {self._log}:\n{self._tail()}")
            if up_code == 0 and not progress.missing():
                return
            if time.monotonic() > deadline:
                raise NotUp(f"Not up after {DEADLINE_S:.0f} s: {', '.join(progress.missing())}")
            time.sleep(POLL_S)

    def _report(self, broken: State) -> str:
        command = [*self._compose(), "logs", "--no-log-prefix", "--tail", str(REPORT_LINES), broken.service]
        lines = [f"  {line}" for line in self._run(command).splitlines()]
        return "\n".join([f"{broken.service} is {broken.state} {broken.note}; its last lines:", *lines])

    def _compose(self) -> list[str]:
        return ["docker", "compose", "--file", str(self._site.file)]

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(command, env=self._environ, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotUp(f"'{' '.join(command)}' failed: {done.stderr.strip()}")
        return done.stdout

    def _after_removals(self, work: Callable[[], Answer]) -> Answer:
        """Do `work`, again while it meets a container that is just being removed. Raises NotUp."""
        for _ in range(REMOVAL_TRIES):
            try:
                return work()
            except NotUp as error:
                if not any(words in str(error) for words in REMOVAL_ELSEWHERE):
                    raise
            time.sleep(POLL_S)
        return work()

    def _tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-REPORT_LINES:]
        return "\n".join(f"  {line}" for line in lines)


def removable(line: str) -> str:
    """Return an image's name for `docker rmi`: with its tag, else with its digest, else its id.

    `line` is repository, tag, digest and id. Other names of the image are kept.
    """
    repository, tag, digest, image_id = line.split()
    if tag != "<none>":
        return f"{repository}:{tag}"
    return f"{repository}@{digest}" if digest != "<none>" else image_id


def _state(row: dict[str, Any]) -> State:
    state, code = row["State"], row.get("ExitCode", 0)
    if state == "exited" and code == 0:
        return State(row["Service"], "completed")
    if state in ("exited", "dead", "restarting"):
        return State(row["Service"], state, f"(exit code {code})", is_bad=True)
    health = row.get("Health") or state
    return State(row["Service"], health, row.get("Status", ""), is_bad=health == "unhealthy")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(15)
    process.kill()
    process.wait()
