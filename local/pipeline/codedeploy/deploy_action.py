"""CodePipeline's CodeDeployToECS action: fills the artifact's templates, registers the task definition.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-ECSbluegreen.html
"""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from local.pipeline.codedeploy.app_spec import AppSpec, AppSpecError, line_of
from local.pipeline.codedeploy.app_spec import read as read_app_spec
from local.pipeline.ecs import task_containers as tasks
from local.pipeline.ecs.fargate_rules import TaskError
from local.pipeline.ecs.task_containers import Place, Task

MOST_BYTES = 3 * 1024 * 1024
TASK_DEFINITION = "<TASK_DEFINITION>"


class ActionFailed(Exception):
    """The action failed before a deployment began; `code` is CodePipeline's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Revision:
    """What is left to do once everything was found good."""

    definition: dict[str, Any]
    app_spec_text: str
    spec: AppSpec

    def with_task_definition(self, arn: str) -> str:
        """The AppSpec that CodeDeploy gets."""
        return self.app_spec_text.replace(TASK_DEFINITION, arn)


def prepare(configuration: Mapping[str, str], artifacts: Mapping[str, bytes], place: Place) -> Revision:
    """Read and check everything before any container starts. Raises ActionFailed."""
    definition_artifact = configuration.get("TaskDefinitionTemplateArtifact", "")
    definition_file = configuration.get("TaskDefinitionTemplatePath", "taskdef.json")
    text = _read(artifacts, definition_artifact, definition_file, "task definition")
    for number in range(1, 5):
        artifact = configuration.get(f"Image{number}ArtifactName")
        placeholder = configuration.get(f"Image{number}ContainerName")
        if artifact and placeholder:
            text = text.replace(f"<{placeholder}>", _image(artifacts, artifact))
    definition = _definition(text, definition_file)
    app_spec_file = configuration.get("AppSpecTemplatePath", "appspec.yaml")
    app_spec_text = _read(
        artifacts, configuration.get("AppSpecTemplateArtifact", ""), app_spec_file, "AppSpec"
    )
    spec = check(definition, app_spec_text, place, app_spec_file)
    if spec.task_definition != TASK_DEFINITION:
        raise ActionFailed(
            "InvalidConfiguration",
            f"{app_spec_file}, line {line_of(app_spec_text, 'TaskDefinition')}: the placeholder "
            f"{TASK_DEFINITION} is missing, TaskDefinition is {spec.task_definition}",
        )
    return Revision(definition, app_spec_text, spec)


def check(
    definition: Mapping[str, Any], app_spec_text: str, place: Place, app_spec_file: str = "appspec.yaml"
) -> AppSpec:
    """What CreateDeployment and ECS would refuse. Raises ActionFailed."""
    try:
        spec = read_app_spec(app_spec_text, app_spec_file)
    except AppSpecError as error:
        raise ActionFailed(error.code, str(error)) from None
    try:
        tasks.containers(definition, Task(id="check", task_set="check", service="check"), place, "check")
    except TaskError as error:
        raise ActionFailed("ClientException", str(error)) from None
    containers = {one["name"]: one for one in definition["containerDefinitions"]}
    if spec.container not in containers:
        where = f"{app_spec_file}, line {line_of(app_spec_text, 'ContainerName')}"
        raise ActionFailed(
            "InvalidParameterException",
            f"{where}: The container {spec.container} does not exist in the task definition.",
        )
    ports = [one.get("containerPort") for one in containers[spec.container].get("portMappings", [])]
    if spec.port not in ports:
        where = f"{app_spec_file}, line {line_of(app_spec_text, 'ContainerPort')}"
        raise ActionFailed(
            "InvalidParameterException",
            f"{where}: The container {spec.container} did not have a container port {spec.port} defined.",
        )
    return spec


def _image(artifacts: Mapping[str, bytes], artifact: str) -> str:
    text = _read(artifacts, artifact, "imageDetail.json", "image")
    document, problem = _json(text)
    address = document.get("ImageURI") if isinstance(document, dict) else None
    if address and isinstance(address, str):
        return address
    problem = problem or 'expected {"ImageURI": "repository@sha256:…"}'
    raise ActionFailed(
        "InvalidConfiguration", f"{_unreadable('image', artifact)} imageDetail.json, {problem}"
    )


def _definition(text: str, file: str) -> dict[str, Any]:
    definition, problem = _json(text)
    if problem:
        raise ActionFailed("InvalidConfiguration", f"{file}, {problem}")
    if left := re.search(r"<[A-Z][A-Z0-9_]*>", text):
        number = text[: left.start()].count("\n") + 1
        raise ActionFailed("InvalidConfiguration", f"{file}, line {number}: nothing fills {left[0]}")
    shape = (
        ServiceModel(Loader().load_service_model("ecs", "service-2"), "ecs")
        .operation_model("RegisterTaskDefinition")
        .input_shape
    )
    report = ParamValidator().validate(definition, shape)
    if report.has_errors():
        words = report.generate_report()
        name = re.search(r'"(\w+)", must be one of|parameter "(\w+)"|for parameter \S*?(\w+), value', words)
        line = _line_of(text, next((one for one in name.groups() if one), "") if name else "")
        raise ActionFailed("ClientException", f"{file}{line}: Parameter validation failed: {words}")
    return dict(definition)


def _json(text: str) -> tuple[Any, str]:
    """What a text holds, or why it is no JSON."""
    try:
        return json.loads(text), ""
    except json.JSONDecodeError as error:
        return None, f"line {error.lineno}: not JSON: {error.msg}"
    except (ValueError, RecursionError) as error:  # a number or a depth beyond all measure
        return None, f"line 1: not JSON: {error}"


def _line_of(text: str, name: str) -> str:
    at = text.find(f'"{name}"') if name else -1
    return f", line {text[:at].count(chr(10)) + 1}" if at >= 0 else ""


def _read(artifacts: Mapping[str, bytes], artifact: str, file: str, what: str) -> str:
    content = artifacts.get(artifact)
    if content is None:
        raise ActionFailed(
            "InvalidConfiguration", f"{_unreadable(what, artifact)} There is no such artifact."
        )
    if len(content) > MOST_BYTES:
        raise ActionFailed(
            "InvalidConfiguration",
            f"{_unreadable(what, artifact)} It has {len(content):,} bytes, {MOST_BYTES:,} are allowed.",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if file not in archive.namelist():
                there = ", ".join(archive.namelist()) or "nothing"
                raise ActionFailed(
                    "InvalidConfiguration",
                    f"{_unreadable(what, artifact)} {file} is not in it; it holds {there}.",
                )
            with archive.open(file) as member:
                text = member.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise ActionFailed(
            "InvalidConfiguration", f"{_unreadable(what, artifact)} It is no zip archive: {error}"
        ) from None
    if len(text) > MOST_BYTES:
        raise ActionFailed(
            "InvalidConfiguration", f"{_unreadable(what, artifact)} {file} has over {MOST_BYTES:,} bytes."
        )
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        number = text[: error.start].count(b"\n") + 1
        raise ActionFailed(
            "InvalidConfiguration",
            f"{_unreadable(what, artifact)} {file}, line {number}: not UTF-8: {error.reason}",
        ) from None


def _unreadable(what: str, artifact: str) -> str:
    """CodePipeline's own words."""
    return f"Exception while trying to read the {what} artifact file from the artifact: {artifact}."
