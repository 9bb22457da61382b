"""Runs a build in a container of its own, which reaches the machine's Docker engine, and follows its log."""

import io
import json
import logging
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import docker
import docker.errors

from local.awsapi.account import ACCOUNT, REGION
from local.pipeline.architecture import Architecture
from local.pipeline.codebuild.buildspec import Buildspec, read
from local.pipeline.coded_error import CodedError
from local.pipeline.ecs.task_containers import LABEL
from local.pipeline.iam.sessions import Sessions
from local.pipeline.identifiers import arn
from local.pipeline.local_aws import LocalAws
from local.pipeline.settings import Settings

log = logging.getLogger(__name__)

SOCKET = "/var/run/docker.sock"
HOME = "/codebuild"
AGENT = ["/venv/bin/python3", "-m", "local.pipeline.codebuild.build_agent"]
LINES_AT_ONCE = 500
SHARES = 32  # of the CPU, where a container has 1,024: on AWS a build has a machine of its own


class BuildFailed(CodedError):
    """A build did not succeed; `code` is CodeBuild's status."""


@dataclass(slots=True)
class Build:
    """The results of a build: its artifact as a zip file, and its exported variables."""

    artifact: bytes = field(repr=False, default=b"")
    exported: dict[str, str] = field(default_factory=dict)


class CodeBuild:
    """Runs builds of the templates' project; several threads may run one each."""

    def __init__(self, architecture: Architecture, settings: Settings, sessions: Sessions) -> None:
        self._project, self._settings, self._sessions = architecture.build_project, settings, sessions
        self._engine = docker.from_env(timeout=60)

    def remove_containers(self) -> None:
        """Remove the containers that builds of an earlier runner left."""
        label = f"{LABEL}.build={self._settings.project}"
        for container in self._engine.containers.list(
            all=True, filters={"label": label}, ignore_removed=True
        ):
            container.remove(force=True, v=True)

    def acting(self, build_id: str) -> LocalAws:
        """Return the local AWS as the project's role sees it. Raises botocore's ClientError."""
        session = f"AWSCodeBuild-{build_id.rpartition(':')[2]}"
        source = arn("codebuild", f"build/{build_id}")
        return self._sessions.acting("codebuild", self._project["ServiceRole"], session, source)

    def run(
        self,
        *,
        aws: LocalAws,
        build_id: str,
        source: bytes,
        commit: str,
        variables: dict[str, str],
        cache: str,
        progress: Callable[[str], None],
    ) -> Build:
        """Run a build of a source (a zip file) to its end, with the rights of `aws`.

        Raises BuildFailed, BuildspecError and botocore's ClientError. `variables` win over those of project
        and buildspec, `cache` names the local cache, and `progress` is called with the name of each phase
        that begins.
        """
        buildspec = self._buildspec(source)
        for phase in buildspec.phases:
            for runtime, version in phase.runtimes.items():
                progress(f"{runtime} {version} is asked for; the build image here has its own")
        environment = self._environment(aws, buildspec, build_id, commit, variables)
        container = self._engine.api.create_container_from_config(  # type: ignore[no-untyped-call]
            self._container(environment)
        )["Id"]
        build = json.dumps(asdict(buildspec) | {"cache": cache}).encode()
        files = {f"{HOME}/build.json": build, f"{HOME}/source.zip": source}
        try:
            self._engine.api.put_archive(container, "/", _tar(files))
            self._engine.api.start(container)
            self._follow(aws, container, build_id, progress)
            return self._result(container)
        except docker.errors.DockerException as error:
            raise BuildFailed("INTERNAL_SERVICE_ERROR", str(error)) from None
        finally:
            try:
                self._engine.api.remove_container(container, force=True, v=True)
            except docker.errors.DockerException as error:
                log.warning("build %s: %s", build_id, error)

    def _buildspec(self, source: bytes) -> Buildspec:
        name = self._project["Source"]["BuildSpec"]
        try:
            with zipfile.ZipFile(io.BytesIO(source)) as archive:
                text = archive.read(name).decode()
        except KeyError:
            raise BuildFailed("YAML_FILE_ERROR", f"{name}: YAML file does not exist") from None
        except UnicodeDecodeError as error:
            raise BuildFailed("YAML_FILE_ERROR", f"{name}: not UTF-8: {error}") from None
        return read(text, name)

    def _environment(
        self, aws: LocalAws, buildspec: Buildspec, build_id: str, commit: str, variables: dict[str, str]
    ) -> dict[str, str]:
        """The project's variables win over the buildspec's, the action's over both."""
        parameters = {key: aws.parameter(name) for key, name in buildspec.parameters.items()}
        declared = self._project["Environment"].get("EnvironmentVariables", [])
        return {
            **buildspec.variables,
            **parameters,
            **{variable["Name"]: variable["Value"] for variable in declared},
            **variables,
            **self._settings.aws_environment(aws.access_key_id),
            "CODEBUILD_BUILD_ID": build_id,
            "CODEBUILD_BUILD_ARN": arn("codebuild", f"build/{build_id}"),
            "CODEBUILD_BUILD_SUCCEEDING": "1",
            "CODEBUILD_INITIATOR": "codepipeline/lantern",
            "CODEBUILD_RESOLVED_SOURCE_VERSION": commit,
            "AWS_ACCOUNT_ID": ACCOUNT,
            "AWS_DEFAULT_REGION": REGION,
            "ECR_REGISTRY": self._settings.registry,
            "CI": "false",
        }

    def _container(self, environment: dict[str, str]) -> dict[str, Any]:
        """The build's container, as a body of Docker's API."""
        project = self._settings.project
        return {
            "Image": self._settings.build_image,
            "Cmd": AGENT,
            "User": "0:0",
            "WorkingDir": "/app",
            "Env": [f"{name}={value}" for name, value in environment.items()],
            "Labels": {LABEL: project, f"{LABEL}.build": project},
            "HostConfig": {
                "NetworkMode": self._settings.network,
                "Init": True,
                "CpuShares": SHARES,
                "Binds": [f"{SOCKET}:{SOCKET}", f"{project}_build-cache:{HOME}/local-cache"],
                "LogConfig": {"Type": "json-file", "Config": {"max-size": "20m"}},
            },
        }

    def _follow(self, aws: LocalAws, container: str, build_id: str, progress: Callable[[str], None]) -> None:
        """Copy the build's log to CloudWatch Logs until the container ends."""
        stream = build_id.rpartition(":")[2]
        group = self._project["LogsConfig"]["CloudWatchLogs"]["GroupName"]
        lines: list[tuple[int, str]] = []
        for line in _lines(self._engine.api.logs(container, stream=True, follow=True)):
            lines.append((int(time.time() * 1000), line))
            begins_phase = line.startswith("[Container]") and "Entering phase" in line
            if begins_phase:
                progress(line.partition("Entering ")[2])
            if begins_phase or len(lines) >= LINES_AT_ONCE:
                aws.put_logs(group, stream, lines)
                lines = []
        aws.put_logs(group, stream, lines)
        self._engine.api.wait(container)

    def _result(self, container: str) -> Build:
        result = json.loads(self._file(container, f"{HOME}/result.json"))
        if not result["succeeded"]:
            code = result["message"].partition(": ")[0]
            code = code if code == "CLIENT_ERROR" else "COMMAND_EXECUTION_ERROR"
            raise BuildFailed(code, result["message"])
        return Build(self._file(container, f"{HOME}/artifacts.zip"), result["exported"])

    def _file(self, container: str, path: str) -> bytes:
        try:
            chunks, _ = self._engine.api.get_archive(container, path)
        except docker.errors.NotFound:
            raise BuildFailed("INTERNAL_SERVICE_ERROR", f"the build ended without {path}") from None
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            member = archive.extractfile(archive.getmembers()[0])
            return member.read() if member else b""


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.lstrip("/"))
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines of a stream whose chunks end anywhere; an empty line is a blank, as Logs takes none."""
    incomplete = b""
    for chunk in chunks:
        *lines, incomplete = (incomplete + chunk).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace").rstrip("\r") or " "
    if incomplete:
        yield incomplete.decode(errors="replace")
