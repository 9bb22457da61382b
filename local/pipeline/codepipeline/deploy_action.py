"""CodePipeline's CodeDeployToECS action: fills in and checks the templates that an artifact holds.

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

from local.pipeline.coded_error import CodedError
from local.pipeline.codedeploy.app_spec import AppSpec
from local.pipeline.codedeploy.revision import check_revision

MOST_BYTES = 3 * 1024 * 1024
TASK_DEFINITION = "<TASK_DEFINITION>"


class ActionFailed(CodedError):
    """The action failed before it created a deployment; `code` is CodePipeline's."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A checked task definition, and its AppSpec that lacks the ARN of the registered revision."""

    definition: dict[str, Any]
    app_spec_text: str
    app_spec: AppSpec

    def app_spec_for(self, task_definition: str) -> str:
        """Return the AppSpec with the ARN of the registered task definition."""
        return self.app_spec_text.replace(TASK_DEFINITION, task_definition)


def read_revision(configuration: Mapping[str, str], artifacts: Mapping[str, bytes]) -> Revision:
    """Read the files that an action's configuration names from its artifacts, which are zip files by name.

    Placeholders of images are filled in, and everything is checked before any container starts. Raises
    CodedError.
    """
    definition_file = configuration.get("TaskDefinitionTemplatePath", "taskdef.json")
    definition_artifact = configuration.get("TaskDefinitionTemplateArtifact", "")
    text = _read(artifacts, definition_artifact, definition_file, "task definition")
    for number in range(1, 5):
        artifact = configuration.get(f"Image{number}ArtifactName")
        placeholder = configuration.get(f"Image{number}ContainerName")
        if artifact and placeholder:
            text = text.replace(f"<{placeholder}>", _image(artifacts, artifact))
    definition = _task_definition(text, definition_file)
    file = configuration.get("AppSpecTemplatePath", "appspec.yaml")
    app_spec_text = _read(artifacts, configuration.get("AppSpecTemplateArtifact", ""), file, "AppSpec")
    app_spec = check_revision(app_spec_text, definition, file)
    if app_spec.task_definition != TASK_DEFINITION:
        raise ActionFailed(
            "InvalidConfiguration",
            f"{file}, line {app_spec.lines['TaskDefinition']}: the placeholder "
            f"{TASK_DEFINITION} is missing, TaskDefinition is {app_spec.task_definition}",
        )
    return Revision(definition, app_spec_text, app_spec)


def _image(artifacts: Mapping[str, bytes], artifact: str) -> str:
    """The image's URI, which imageDetail.json holds."""
    document, problem = _parse_json(_read(artifacts, artifact, "imageDetail.json", "image"))
    uri = document.get("ImageURI") if isinstance(document, dict) else None
    if uri and isinstance(uri, str):
        return uri
    problem = problem or 'expected {"ImageURI": "repository@sha256:…"}'
    raise ActionFailed(
        "InvalidConfiguration", f"{_unreadable('image', artifact)} imageDetail.json, {problem}"
    )


def _task_definition(text: str, file: str) -> dict[str, Any]:
    """The task definition, when it fits the model of RegisterTaskDefinition."""
    definition, problem = _parse_json(text)
    if problem:
        raise ActionFailed("InvalidConfiguration", f"{file}, {problem}")
    if placeholder := re.search(r"<[A-Z][A-Z0-9_]*>", text):
        line = _line_at(text, placeholder.start())
        raise ActionFailed("InvalidConfiguration", f"{file}, line {line}: nothing fills {placeholder[0]}")
    model = ServiceModel(Loader().load_service_model("ecs", "service-2"), "ecs")
    shape = model.operation_model("RegisterTaskDefinition").input_shape
    report = ParamValidator().validate(definition, shape)
    if report.has_errors():
        message = report.generate_report()
        match = re.search(
            r'"(\w+)", must be one of|parameter "(\w+)"|for parameter \S*?(\w+), value', message
        )
        member = next(filter(None, match.groups()), "") if match else ""
        at = text.find(f'"{member}"') if member else -1
        where = f"{file}, line {_line_at(text, at)}" if at >= 0 else file
        raise ActionFailed("ClientException", f"{where}: Parameter validation failed: {message}")
    return dict(definition)


def _parse_json(text: str) -> tuple[Any, str]:
    """The document, or why the text is no JSON."""
    try:
        return json.loads(text), ""
    except json.JSONDecodeError as error:
        return None, f"line {error.lineno}: not JSON: {error.msg}"
    except (ValueError, RecursionError) as error:  # a number that is too long, nesting that is too deep
        return None, f"line 1: not JSON: {error}"


def _line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _read(artifacts: Mapping[str, bytes], artifact: str, file: str, role: str) -> str:
    """The text of a file in an artifact; `role` is CodePipeline's word for the file in messages."""

    def refuse(problem: str) -> ActionFailed:
        return ActionFailed("InvalidConfiguration", f"{_unreadable(role, artifact)} {problem}")

    content = artifacts.get(artifact)
    if content is None:
        raise refuse("There is no such artifact.")
    if len(content) > MOST_BYTES:
        raise refuse(f"It has {len(content):,} bytes, {MOST_BYTES:,} are allowed.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if file not in archive.namelist():
                names = ", ".join(archive.namelist()) or "nothing"
                raise refuse(f"{file} is not in it; it holds {names}.")
            with archive.open(file) as member:
                text = member.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise refuse(f"It is no zip archive: {error}") from None
    if len(text) > MOST_BYTES:
        raise refuse(f"{file} has over {MOST_BYTES:,} bytes.")
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise refuse(f"{file}, line {line}: not UTF-8: {error.reason}") from None


def _unreadable(role: str, artifact: str) -> str:
    """The beginning of CodePipeline's own message."""
    return f"Exception while trying to read the {role} artifact file from the artifact: {artifact}."
