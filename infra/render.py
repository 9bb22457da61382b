"""Writes the deploy artifact of one service: `python3 -m infra.render --service orders …`.

It has taskdef.json, appspec.yaml, imageDetail.json and build.json, for CodePipeline's action CodeDeployToECS.
It uses the standard library only: the build runs it before anything is installed.
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-ECSbluegreen.html
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from infra.shop import CONTAINER, SERVICES

ROOT = Path(__file__).parents[1]
TOKENS = (
    "SERVICE",
    "SERVICE_VERSION",
    "SERVICE_COMMIT",
    "AWS_ACCOUNT_ID",
    "AWS_REGION",
    "XRAY_IMAGE",
)
IMAGE_PLACEHOLDER = "<IMAGE1_NAME>"  # CodePipeline puts the image of imageDetail.json here
TASK_DEFINITION_PLACEHOLDER = "<TASK_DEFINITION>"  # and the registered revision's ARN here
FORMS = {
    "AWS_ACCOUNT_ID": (r"\d{12}", "12 digits"),
    "AWS_REGION": (r"[a-z]{2}(-[a-z]+)+-\d", "a region such as us-east-1"),
    "SERVICE_COMMIT": (r"[0-9a-f]{40}", "a full git commit id, 40 hex digits"),
    "SERVICE_VERSION": (r"[\w.+-]{1,64}", "up to 64 letters, digits, dots, dashes"),
    "XRAY_IMAGE": (r"\S+@sha256:[0-9a-f]{64}", "an image with its digest, name@sha256:…"),
}

_ANY_TOKEN = re.compile(r"\$\{([^}]*)\}")
_ANY_PLACEHOLDER = re.compile(r"<[A-Z0-9_]+>")


class RenderError(Exception):
    """A template or a value that would not deploy; the message names the file and the field."""


def fill(text: str, replace: Callable[[str], str], *, source: str) -> str:
    """`text` with `replace(TOKEN)` in place of every `${TOKEN}`. Raises RenderError on an unknown token."""

    def replace_token(match: re.Match[str]) -> str:
        if match[1] not in TOKENS:
            raise RenderError(
                f"{source}: unknown token {match[0]}; known are {', '.join(f'${{{t}}}' for t in TOKENS)}"
            )
        return replace(match[1])

    if "${" in (without_tokens := _ANY_TOKEN.sub("", text)):
        start = without_tokens.index("${")
        raise RenderError(f"{source}: this token does not end: {without_tokens[start:][:40]}")
    return _ANY_TOKEN.sub(replace_token, text)


def fill_strings(value: Any, replace: Callable[[str], Any], *, source: str) -> Any:
    """`value` with `replace` applied to every string in its lists and dicts; keys stay as they are."""
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, list):
        return [fill_strings(entry, replace, source=f"{source}[{i}]") for i, entry in enumerate(value)]
    if isinstance(value, dict):
        return {key: fill_strings(entry, replace, source=f"{source}.{key}") for key, entry in value.items()}
    return value


def load_task_definition(path: Path = ROOT / "taskdef.json") -> dict[str, Any]:
    """The task definition template. Raises RenderError when it is not JSON or lacks its one placeholder."""
    try:
        template = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise RenderError(f"{path.name}, line {error.lineno}: not JSON: {error.msg}") from None
    containers = template["containerDefinitions"]
    images = {container["name"]: container["image"] for container in containers}
    if images.get(CONTAINER) != IMAGE_PLACEHOLDER:
        raise RenderError(
            f"{path.name}: the image of container '{CONTAINER}' must be {IMAGE_PLACEHOLDER}, "
            f"found {images.get(CONTAINER)!r}: CodePipeline puts the new image there"
        )
    return dict(template)


def render_task_definition(template: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The template with a service's values; only `<IMAGE1_NAME>` is left, for CodePipeline."""
    _check(values)

    def fill_and_check(text: str) -> str:
        filled = fill(text, values.__getitem__, source="taskdef.json")
        if foreign := [p for p in _ANY_PLACEHOLDER.findall(filled) if p != IMAGE_PLACEHOLDER]:
            raise RenderError(
                f"taskdef.json: nothing fills {foreign[0]}; CodePipeline knows {IMAGE_PLACEHOLDER} only"
            )
        return filled

    rendered: dict[str, Any] = fill_strings(template, fill_and_check, source="taskdef.json")
    return rendered


def read_app_spec(path: Path = ROOT / "appspec.yaml") -> str:
    """The text of the AppSpec template. Raises RenderError when CodePipeline could not fill it."""
    text = path.read_text()
    spec = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    if "${" in spec:
        raise RenderError(
            f"{path.name}: a token was left over: {spec[spec.index('${') :][:40].splitlines()[0]}"
        )
    if _ANY_PLACEHOLDER.findall(spec) != [TASK_DEFINITION_PLACEHOLDER]:
        raise RenderError(
            f"{path.name}: expected {TASK_DEFINITION_PLACEHOLDER} exactly once and no other placeholder, "
            f"found {_ANY_PLACEHOLDER.findall(spec) or 'none'}"
        )
    return text


def artifact(values: Mapping[str, str], image: str) -> dict[str, str]:
    """The artifact's files, name to text, for `image`, which needs its digest. Raises RenderError."""
    if not re.fullmatch(FORMS["XRAY_IMAGE"][0], image):
        raise RenderError(f"--image: expected {FORMS['XRAY_IMAGE'][1]}, found {image!r}")
    build = {
        "service": values["SERVICE"],
        "version": values["SERVICE_VERSION"],
        "commit": values["SERVICE_COMMIT"],
    }
    return {
        "taskdef.json": _json(render_task_definition(load_task_definition(), values)),
        "appspec.yaml": read_app_spec(),
        "imageDetail.json": _json({"ImageURI": image}),
        "build.json": _json({**build, "image": image}),
    }


def _check(values: Mapping[str, str]) -> None:
    names = [service.name for service in SERVICES]
    if values.get("SERVICE") not in names:
        raise RenderError(f"SERVICE: expected {', '.join(names)}, found {values.get('SERVICE')!r}")
    for token, (form, expected) in FORMS.items():
        if not re.fullmatch(form, values.get(token, "")):
            raise RenderError(f"{token}: expected {expected}, found {values.get(token, '')!r}")


def _json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0: the four files are written; 2: a value or a template is wrong, and nothing is written."""
    parser = argparse.ArgumentParser(
        prog="infra.render", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--service", required=True, help="catalog, orders or storefront")
    parser.add_argument("--image", required=True, help="the image to deploy, with its digest")
    parser.add_argument("--xray-image", required=True, help="the X-Ray daemon's image, with its digest")
    parser.add_argument("--version", required=True, help="what the service says it is")
    parser.add_argument("--commit", required=True, help="full git commit id")
    parser.add_argument("--account", required=True, help="AWS account, 12 digits")
    parser.add_argument("--region", required=True, help="AWS region")
    parser.add_argument("--output", required=True, type=Path, help="folder to write to; made when missing")
    options = parser.parse_args(arguments)
    values = {
        "SERVICE": options.service,
        "SERVICE_VERSION": options.version,
        "SERVICE_COMMIT": options.commit,
        "AWS_ACCOUNT_ID": options.account,
        "AWS_REGION": options.region,
        "XRAY_IMAGE": options.xray_image,
    }
    try:
        files = artifact(values, options.image)
    except RenderError as error:
        print(f"infra.render: {error}", file=sys.stderr)
        return 2
    options.output.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (options.output / name).write_text(text)
    print(f"Wrote {', '.join(files)} to {options.output} for {options.service} {options.version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
