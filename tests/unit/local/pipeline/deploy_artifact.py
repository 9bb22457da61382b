"""The deploy artifact as the build makes it: the repository's own templates, filled by infra.render."""

import io
import json
import zipfile

from infra.render import artifact
from local.pipeline.settings import Settings
from settings import load

IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/lantern/orders@sha256:" + "a" * 64
DAEMON = "111122223333.dkr.ecr.us-east-1.amazonaws.com/lantern/xray-daemon@sha256:" + "b" * 64
VALUES = {
    "SERVICE": "orders",
    "SERVICE_VERSION": "0123456",
    "SERVICE_COMMIT": "0123456789" * 4,
    "AWS_ACCOUNT_ID": "111122223333",
    "AWS_REGION": "us-east-1",
    "XRAY_IMAGE": DAEMON,
}
CONFIGURATION = {
    "ApplicationName": "lantern",
    "DeploymentGroupName": "orders",
    "TaskDefinitionTemplateArtifact": "orders",
    "TaskDefinitionTemplatePath": "taskdef.json",
    "AppSpecTemplateArtifact": "orders",
    "AppSpecTemplatePath": "appspec.yaml",
    "Image1ArtifactName": "orders",
    "Image1ContainerName": "IMAGE1_NAME",
}
SETTINGS = load(Settings, {})


def files():
    """Name and text of each file."""
    return artifact(VALUES, IMAGE)


def definition():
    """The task definition that CodePipeline would register."""
    return json.loads(files()["taskdef.json"].replace("<IMAGE1_NAME>", IMAGE))


def zipped(contents):
    """An artifact; text or bytes by file name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return buffer.getvalue()
