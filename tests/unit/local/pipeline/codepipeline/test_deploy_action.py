import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.pipeline.coded_error import CodedError
from local.pipeline.codedeploy.revision import check_revision
from local.pipeline.codepipeline.deploy_action import MOST_BYTES, ActionFailed, read_revision
from tests.unit.local.pipeline.deploy_artifact import (
    CONFIGURATION,
    IMAGE,
    definition,
    files,
    zipped,
)

ARN = "arn:aws:ecs:us-east-1:111122223333:task-definition/lantern-orders:8"


def prepared(contents, configuration=CONFIGURATION):
    return read_revision(configuration, {"orders": zipped(contents)})


def refused(contents, configuration=CONFIGURATION):
    with pytest.raises(CodedError) as error:
        prepared(contents, configuration)
    return error.value


def test_the_builds_own_artifact_is_filled_in_and_accepted():
    revision = prepared(files())

    containers = revision.definition["containerDefinitions"]
    images = {container["name"]: container["image"] for container in containers}
    assert images["app"] == IMAGE
    assert revision.app_spec.hooks == {"AfterAllowTestTraffic": "CodeDeployHook_lantern-smoke"}
    assert f"TaskDefinition: {ARN}" in revision.app_spec_for(ARN)
    assert "<TASK_DEFINITION>" not in revision.app_spec_for(ARN)


def test_an_artifact_may_hold_other_files_too():
    assert prepared(files() | {"notes.txt": "anything"}).definition["family"] == "lantern-orders"


def edited(name, right, wrong):
    text = files()[name]
    assert right in text
    return files() | {name: text.replace(right, wrong)}


def changed(change):
    """The artifact with its task definition changed by a function."""
    document = json.loads(files()["taskdef.json"])
    change(document)
    return files() | {"taskdef.json": json.dumps(document, indent=2)}


TASK_DEFINITION_MISTAKES = {  # what is wrong: (artifact, code, what is message)
    "a field in the wrong case": (
        edited("taskdef.json", '"readonlyRootFilesystem"', '"readOnlyRootFilesystem"'),
        "ClientException",
        'Parameter validation failed: Unknown parameter in containerDefinitions[0]: "readOnlyRootFilesystem"',
    ),
    "a port that is text": (
        edited("taskdef.json", '"containerPort": 8080', '"containerPort": "8080"'),
        "ClientException",
        "Invalid type for parameter containerDefinitions[0].portMappings[0].containerPort, value: 8080",
    ),
    "no family": (
        changed(lambda document: document.pop("family")),
        "ClientException",
        'Missing required parameter in input: "family"',
    ),
    "a list": (files() | {"taskdef.json": "[]"}, "ClientException", "Invalid type for parameter"),
    "null": (files() | {"taskdef.json": "null"}, "ClientException", "Invalid type for parameter"),
    "no containers": (
        changed(lambda document: document.update(containerDefinitions=[])),
        "ClientException",
        "lantern-orders: Container list cannot be empty.",
    ),
    "a container that is none": (
        changed(lambda document: document.update(containerDefinitions=[None])),
        "ClientException",
        "Invalid type for parameter containerDefinitions[0]",
    ),
    "a container without a name": (
        changed(lambda document: document["containerDefinitions"][0].pop("name")),
        "ClientException",
        "lantern-orders: Container.name should not be null or empty.",
    ),
    "a secret": (
        changed(
            lambda document: document["containerDefinitions"][0].update(
                secrets=[{"name": "a", "valueFrom": "b"}]
            )
        ),
        "ClientException",
        "lantern-orders, container app: secrets can't be rehearsed here",
    ),
    "a volume": (
        changed(
            lambda document: document.update(
                volumes=[{"name": "a", "efsVolumeConfiguration": {"fileSystemId": "b"}}]
            )
        ),
        "ClientException",
        "lantern-orders: volumes can't be rehearsed here",
    ),
    "a placeholder that nothing fills": (
        edited("taskdef.json", "<IMAGE1_NAME>", "<IMAGE2_NAME>"),
        "InvalidConfiguration",
        "nothing fills <IMAGE2_NAME>",
    ),
    "no JSON": (
        files() | {"taskdef.json": '{\n  "family": "a",\n}'},
        "InvalidConfiguration",
        "taskdef.json, line 3: not JSON: ",
    ),
    "a number beyond all measure": (
        files() | {"taskdef.json": "9" * 5000},
        "InvalidConfiguration",
        "taskdef.json, line 1: not JSON: Exceeds the limit",
    ),
    "nesting beyond all measure": (
        files() | {"taskdef.json": "[" * 200_000},
        "InvalidConfiguration",
        "taskdef.json, line 1: not JSON: ",
    ),
    "another encoding": (
        files() | {"taskdef.json": '{\n"family": "Laterne für Käufer"}'.encode("latin-1")},
        "InvalidConfiguration",
        "Exception while trying to read the task definition artifact file from the artifact: orders. "
        "taskdef.json, line 2: not UTF-8: ",
    ),
}


@pytest.mark.parametrize("mistake", TASK_DEFINITION_MISTAKES)
def test_a_wrong_task_definition_is_refused_before_anything_starts(mistake):
    contents, code, message = TASK_DEFINITION_MISTAKES[mistake]

    error = refused(contents)

    assert error.code == code
    assert message in str(error)


def test_a_wrong_member_is_refused_with_its_line():
    contents = edited("taskdef.json", '"readonlyRootFilesystem"', '"readOnlyRootFilesystem"')
    lines = contents["taskdef.json"].splitlines()
    number = next(at for at, line in enumerate(lines, 1) if "readOnlyRootFilesystem" in line)

    assert f"taskdef.json, line {number}: " in str(refused(contents))


APP_SPEC_MISTAKES = {
    "a container that is not in the task": (
        edited("appspec.yaml", 'ContainerName: "app"', 'ContainerName: "shop"'),
        "InvalidParameterException",
        "The container shop does not exist in the task definition.",
        "ContainerName",
    ),
    "a port that the container has not": (
        edited("appspec.yaml", "8080", "8081"),
        "InvalidParameterException",
        "The container app did not have a container port 8081 defined.",
        "ContainerPort",
    ),
    "no placeholder but in a comment": (
        edited("appspec.yaml", "TaskDefinition: <TASK_DEFINITION>", "TaskDefinition: lantern-orders"),
        "InvalidConfiguration",
        "the placeholder <TASK_DEFINITION> is missing, TaskDefinition is lantern-orders",
        "TaskDefinition:",
    ),
    "another type": (
        edited("appspec.yaml", "AWS::ECS::Service", "AWS::Lambda::Function"),
        "INVALID_REVISION",
        "TargetService: Type must be AWS::ECS::Service",
        "Type",
    ),
    "a hook with a typo": (
        edited("appspec.yaml", "- AfterAllowTestTraffic", "- AfterAllowTestTrafic"),
        "INVALID_REVISION",
        "AfterAllowTestTrafic is no hook of an ECS deployment",
        "- AfterAllow",
    ),
}


@pytest.mark.parametrize("mistake", APP_SPEC_MISTAKES)
def test_a_wrong_app_spec_is_refused_with_file_and_line(mistake):
    contents, code, message, where = APP_SPEC_MISTAKES[mistake]
    lines = contents["appspec.yaml"].splitlines()
    number = next(
        at for at, line in enumerate(lines, 1) if where in line and not line.lstrip().startswith("#")
    )

    error = refused(contents)

    assert error.code == code
    assert str(error).startswith(f"appspec.yaml, line {number}: ")
    assert message in str(error)


UNREADABLE = "Exception while trying to read the image artifact file from the artifact: orders. "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "imageDetail.json is not in it; it holds taskdef.json, appspec.yaml, build.json."),
        ("ImageURI: a", "imageDetail.json, line 1: not JSON: Expecting value"),
        ("{}", 'imageDetail.json, expected {"ImageURI": "repository@sha256:…"}'),
        ('[{"name": "app", "imageUri": "a"}]', "imageDetail.json, expected"),
        ('{"ImageURI": ""}', "imageDetail.json, expected"),
        ('{"ImageURI": ["a"]}', "imageDetail.json, expected"),
        ('"ImageURI"', "imageDetail.json, expected"),
        ("", "imageDetail.json, line 1: not JSON"),
        (b"\xff\xfe", "imageDetail.json, line 1: not UTF-8"),
    ],
)
def test_a_wrong_image_detail_is_refused_in_codepipelines_words(text, message):
    contents = files()
    del contents["imageDetail.json"]

    error = refused(contents if text is None else contents | {"imageDetail.json": text})

    assert error.code == "InvalidConfiguration"
    assert str(error).startswith(UNREADABLE + message)


def test_a_missing_file_is_named_with_the_artifacts_files():
    error = refused({"appspec.yml": "", "imageDetail.json": "{}"})

    assert "the task definition artifact file from the artifact: orders. taskdef.json is not in it" in str(
        error
    )
    assert "it holds appspec.yml, imageDetail.json." in str(error)


def test_an_artifact_over_three_megabytes_is_refused():
    with pytest.raises(ActionFailed, match="bytes, 3,145,728 are allowed"):
        read_revision(CONFIGURATION, {"orders": zipped({"source": os.urandom(MOST_BYTES)})})


def test_a_small_artifact_of_huge_files_is_refused():
    assert "taskdef.json has over 3,145,728 bytes" in str(refused({"taskdef.json": " " * (MOST_BYTES + 1)}))


@pytest.mark.parametrize("content", [b"", b"tar me up", zipped(files())[:-40], b"PK\x05\x06" + b"\0" * 17])
def test_an_artifact_that_is_no_zip_is_refused(content):
    with pytest.raises(ActionFailed, match=r"from the artifact: orders. It is no zip archive"):
        read_revision(CONFIGURATION, {"orders": content})


def test_a_missing_artifact_is_named():
    with pytest.raises(ActionFailed, match=r"from the artifact: orders. There is no such artifact"):
        read_revision(CONFIGURATION, {})


def test_an_action_without_its_configuration_is_refused():
    assert refused(files(), {}).code == "InvalidConfiguration"


def test_a_revision_is_checked_without_a_pipeline_too():
    app_spec = check_revision(prepared(files()).app_spec_for(ARN), definition())

    assert app_spec.task_definition == ARN


@settings(max_examples=40)
@given(st.binary(max_size=40), st.sampled_from(["taskdef.json", "appspec.yaml", "imageDetail.json"]))
def test_with_any_content_of_a_file_the_action_fails_with_an_error_of_its_own(content, name):
    with pytest.raises(CodedError):
        prepared(files() | {name: content})


@settings(max_examples=40)
@given(st.data())
def test_a_task_definition_with_a_member_replaced_is_accepted_or_refused(data):
    document = json.loads(files()["taskdef.json"])
    key = data.draw(st.sampled_from(sorted(document)))
    inner = data.draw(st.sampled_from(sorted(document["containerDefinitions"][0])))
    value = st.recursive(
        st.none() | st.booleans() | st.integers(-1, 9000) | st.text(max_size=3),
        lambda children: (
            st.lists(children, max_size=2)
            | st.dictionaries(
                st.sampled_from(["containerName", "condition", "name", "drop"]), children, max_size=2
            )
        ),
    )
    if data.draw(st.booleans()):
        document[key] = data.draw(value)
    else:
        document["containerDefinitions"][0][inner] = data.draw(value)
    message = ""

    try:
        prepared(files() | {"taskdef.json": json.dumps(document)})
    except CodedError as error:
        message = str(error)

    assert "Traceback" not in message
