"""infra.render: the artifact is complete, and nothing is written when a value is wrong."""

import json
import subprocess
import sys

import pytest

from infra import render
from infra.checks.api_models import example_values, validate
from infra.shop import EXAMPLE_ACCOUNT, EXAMPLE_REGION, SERVICES

DIGEST = "sha256:" + "0" * 64
REGISTRY = f"{EXAMPLE_ACCOUNT}.dkr.ecr.{EXAMPLE_REGION}.amazonaws.com"
IMAGE = f"{REGISTRY}/lantern/orders@{DIGEST}"


def run(tmp_path, **changes):
    options = {
        "service": "orders",
        "image": IMAGE,
        "xray-image": f"{REGISTRY}/lantern/xray-daemon@{DIGEST}",
        "version": "0123abc",
        "commit": "0" * 40,
        "account": EXAMPLE_ACCOUNT,
        "region": "eu-central-1",
        "output": str(tmp_path / "deploy"),
        **changes,
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    # -S: the build runs it before anything is installed
    return subprocess.run(
        [sys.executable, "-S", "-m", "infra.render", *arguments],
        capture_output=True,
        text=True,
        cwd=render.ROOT,
        check=False,
    )


def test_the_four_files_of_the_artifact_are_written(tmp_path):
    done = run(tmp_path)

    assert done.returncode == 0, done.stderr
    written = {path.name: path.read_text() for path in (tmp_path / "deploy").iterdir()}
    assert set(written) == {"taskdef.json", "appspec.yaml", "imageDetail.json", "build.json"}
    assert json.loads(written["imageDetail.json"]) == {"ImageURI": IMAGE}
    assert json.loads(written["build.json"]) == {
        "service": "orders",
        "version": "0123abc",
        "commit": "0" * 40,
        "image": IMAGE,
    }
    assert "<TASK_DEFINITION>" in written["appspec.yaml"]


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_ecs_would_take_the_rendered_task_definition(service):
    rendered = render.render_task_definition(render.load_task_definition(), example_values(service))

    assert validate("ecs", "RegisterTaskDefinition", rendered, "taskdef.json") == []
    assert "${" not in json.dumps(rendered)
    assert rendered["family"] == f"lantern-{service}"
    assert [container["image"] for container in rendered["containerDefinitions"]] == [
        "<IMAGE1_NAME>",
        example_values(service)["XRAY_IMAGE"],
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"service": "basket"}, "SERVICE: expected catalog, orders, storefront, found 'basket'"),
        ({"image": "lantern/orders:latest"}, "--image: expected an image with its digest"),
        (
            {"xray-image": "xray:3"},
            "XRAY_IMAGE: expected an image with its digest, name@sha256:…, found 'xray:3'",
        ),
        ({"commit": "main"}, "SERVICE_COMMIT: expected a full git commit id, 40 hex digits, found 'main'"),
        ({"account": "42"}, "AWS_ACCOUNT_ID: expected 12 digits, found '42'"),
        ({"region": "moon"}, "AWS_REGION: expected a region such as us-east-1, found 'moon'"),
        ({"version": "a b"}, "SERVICE_VERSION: expected up to 64 letters, digits, dots, dashes, found 'a b'"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_written(tmp_path, changes, message):
    done = run(tmp_path, **changes)

    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "deploy").exists()


def test_a_token_in_a_value_is_not_taken_for_a_left_over_one():
    assert (
        render.fill("v ${SERVICE}", {"SERVICE": "${AWS::Region}"}.__getitem__, source="here")
        == "v ${AWS::Region}"
    )
