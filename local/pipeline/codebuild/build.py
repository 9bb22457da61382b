"""CodeBuild's part: one build in a container of its own, with the machine's Docker engine inside it."""

import io
import json
import logging
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import docker
import docker.errors

from local.pipeline.architecture import Architecture
from local.pipeline.codebuild.buildspec import Buildspec, BuildspecError, read
from local.pipeline.ecs.task_containers import LABEL
from local.pipeline.identifiers import ACCOUNT, REGION, arn
from local.pipeline.local_aws import Aws
from local.pipeline.settings import Settings

log = logging.getLogger(__name__)

SOCKET = "/var/run/docker.sock"
HOME = "/codebuild"
AGENT = ["/venv/bin/python3", "-m", "local.pipeline.codebuild.build_agent"]
LINES_AT_ONCE = 500
SHARES = 32  # of the processor, a container has 1,024: on AWS a build has a machine of its own


class BuildFailed(Exception):
    """A build that did not succeed; `code` is CodeBuild's status."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Build:
    """What a build leaves: its artifact as a zip, its exported variables, how long each phase took."""

    artifact: bytes = field(repr=False, default=b"")
    exported: dict[str, str] = field(default_factory=dict)
    phases: list[dict[str, Any]] = field(default_factory=list)


class CodeBuild:
    """Builds side by side; each is found again by its label."""

    def __init__(self, architecture: Architecture, settings: Settings, aws: Aws) -> None:
        self._project, self._settings, self._aws = architecture.build_project, settings, aws
        self._engine = docker.from_env(timeout=60)

    def clear(self) -> None:
        """Take away what builds of an earlier runner left; their actions begin again."""
        label = f"{LABEL}.build={self._settings.project}"
        for one in self._engine.containers.list(all=True, filters={"label": label}, ignore_removed=True):
            one.remove(force=True, v=True)

    def run(
        self,
        build_id: str,
        source: bytes,
        commit: str,
        variables: dict[str, str],
        cache: str,
        progress: Callable[[str], None],
    ) -> Build:
        """Run to the end with the cache of this name; `progress` hears each phase. Raises BuildFailed."""
        spec = self._spec(source)
        for phase in spec.phases:
            for runtime, version in phase.runtimes.items():
                progress(f"{runtime} {version} is asked for; the build image here has its own")
        environment = self._environment(spec, build_id, commit, variables)
        container = self._engine.api.create_container_from_config(  # type: ignore[no-untyped-call]
            self._body(environment)
        )["Id"]
        try:
            self._engine.api.put_archive(container, "/", _tar(_files(spec, source, cache)))
            self._engine.api.start(container)
            self._follow(container, build_id, progress)
            return self._result(container)
        except docker.errors.DockerException as error:
            raise BuildFailed("INTERNAL_SERVICE_ERROR", str(error)) from None
        finally:
            try:
                self._engine.api.remove_container(container, force=True, v=True)
            except docker.errors.DockerException as error:
                log.warning("build %s: %s", build_id, error)

    def _spec(self, source: bytes) -> Buildspec:
        name = self._project["Source"]["BuildSpec"]
        try:
            with zipfile.ZipFile(io.BytesIO(source)) as archive:
                text = archive.read(name).decode()
        except KeyError:
            raise BuildFailed("YAML_FILE_ERROR", f"{name}: YAML file does not exist") from None
        except UnicodeDecodeError as error:
            raise BuildFailed("YAML_FILE_ERROR", f"{name}: not UTF-8: {error}") from None
        try:
            return read(text, name)
        except BuildspecError as error:
            raise BuildFailed(error.code, str(error)) from None

    def _environment(
        self, spec: Buildspec, build_id: str, commit: str, variables: dict[str, str]
    ) -> dict[str, str]:
        """The project's variables win over the buildspec's, the action's over both."""
        parameters = {key: self._aws.parameter(name) for key, name in spec.parameters.items()}
        project = {
            one["Name"]: one["Value"] for one in self._project["Environment"].get("EnvironmentVariables", [])
        }
        return {
            **spec.variables,
            **parameters,
            **project,
            **variables,
            "CODEBUILD_BUILD_ID": build_id,
            "CODEBUILD_BUILD_ARN": arn("codebuild", f"build/{build_id}"),
            "CODEBUILD_BUILD_SUCCEEDING": "1",
            "CODEBUILD_INITIATOR": "codepipeline/lantern",
            "CODEBUILD_RESOLVED_SOURCE_VERSION": commit,
            "AWS_ACCOUNT_ID": ACCOUNT,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self._settings.aws_url,
            "AWS_ACCESS_KEY_ID": "laptop",
            "AWS_SECRET_ACCESS_KEY": "laptop",
            "AWS_EC2_METADATA_DISABLED": "true",
            "ECR_REGISTRY": self._settings.registry,
            "CI": "false",
        }

    def _body(self, environment: dict[str, str]) -> dict[str, Any]:
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

    def _follow(self, container: str, build_id: str, progress: Callable[[str], None]) -> None:
        stream = build_id.rpartition(":")[2]
        group = self._project["LogsConfig"]["CloudWatchLogs"]["GroupName"]
        waiting: list[tuple[int, str]] = []
        for line in _lines(self._engine.api.logs(container, stream=True, follow=True)):
            waiting.append((int(time.time() * 1000), line))
            if line.startswith("[Container]") and "Entering phase" in line:
                progress(line.partition("Entering ")[2])
                self._aws.put_logs(group, stream, waiting)
                waiting = []
            elif len(waiting) >= LINES_AT_ONCE:
                self._aws.put_logs(group, stream, waiting)
                waiting = []
        self._aws.put_logs(group, stream, waiting)
        self._engine.api.wait(container)

    def _result(self, container: str) -> Build:
        result = json.loads(self._file(container, f"{HOME}/result.json"))
        if not result["succeeded"]:
            code, _, rest = result["message"].partition(": ")
            code = code if code == "CLIENT_ERROR" else "COMMAND_EXECUTION_ERROR"
            raise BuildFailed(code, result["message"] or rest)
        artifact = self._file(container, f"{HOME}/artifacts.zip")
        return Build(artifact, result["exported"], result["phases"])

    def _file(self, container: str, path: str) -> bytes:
        try:
            parts, _ = self._engine.api.get_archive(container, path)
        except docker.errors.NotFound:
            raise BuildFailed("INTERNAL_SERVICE_ERROR", f"the build ended without {path}") from None
        with tarfile.open(fileobj=io.BytesIO(b"".join(parts))) as archive:
            member = archive.extractfile(archive.getmembers()[0])
            return member.read() if member else b""


def _files(spec: Buildspec, source: bytes, cache: str) -> dict[str, bytes]:
    build = {
        "environment": {},
        "phases": [
            {
                "name": phase.name,
                "commands": phase.commands,
                "always": phase.always,
                "aborts": phase.aborts,
            }
            for phase in spec.phases
        ],
        "files": spec.files,
        "base_directory": spec.base_directory,
        "discard_paths": spec.discard_paths,
        "exported": spec.exported,
        "cache_paths": spec.cache_paths,
        "cache": cache,
    }
    return {f"{HOME}/build.json": json.dumps(build).encode(), f"{HOME}/source.zip": source}


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.lstrip("/"))
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _lines(chunks: Any) -> Iterator[str]:
    left = b""
    for chunk in chunks:
        *whole, left = (left + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").rstrip("\r") or " "
    if left:
        yield left.decode(errors="replace")
