"""Names, addresses and placeholders of files that cannot import infra.shop, compared with it."""

from collections.abc import Iterator

from infra.checks.aws_files import AwsFiles, variables
from infra.render import IMAGE_PLACEHOLDER
from infra.shop import CONTAINER, SERVICES, XRAY_DAEMON_VERSION

ARTIFACT_FILES = {"taskdef.json", "appspec.yaml", "imageDetail.json", "build.json"}
# The image sets the port; Fargate gives region and credentials; on AWS a service has a name of the internet,
# and the templates have no faults, and trace by the X-Ray SDK and its daemon
ONLY_ON_A_LAPTOP = {
    "PORT",
    "ALLOWED_HOSTS",
    "FAULTS_DIR",
    "TRACING",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_EC2_METADATA_DISABLED",
}


def problems(files: AwsFiles) -> list[str]:
    """Names that two files write differently."""
    return [
        *_buildspec(files),
        *_task_definition(files),
        *_pipeline(files),
        *_compose(files),
    ]


def _buildspec(files: AwsFiles) -> Iterator[str]:
    if not files.buildspec:
        return
    version = files.buildspec.get("env", {}).get("variables", {}).get("XRAY_DAEMON_VERSION")
    if str(version) != XRAY_DAEMON_VERSION:
        yield (f"buildspec.yml: XRAY_DAEMON_VERSION is {version}, infra/shop.py says {XRAY_DAEMON_VERSION}")
    if str(files.buildspec.get("env", {}).get("variables", {}).get("BUILDX_NO_DEFAULT_ATTESTATIONS")) != "1":
        yield (
            "buildspec.yml: env.variables.BUILDX_NO_DEFAULT_ATTESTATIONS must be 1, or each image is an "
            "index of the image and its attestation"
        )
    artifacts = set(files.buildspec.get("artifacts", {}).get("files", []))
    if artifacts != ARTIFACT_FILES:
        yield f"buildspec.yml: artifacts.files is {sorted(artifacts)}, expected {sorted(ARTIFACT_FILES)}"
    phases = files.buildspec.get("phases", {})
    commands = "\n".join(command for phase in phases.values() for command in phase.get("commands", []))
    for part in ("lantern/$SERVICE", "services/Dockerfile", "python3 -m infra.render"):
        if part not in commands:
            yield f"buildspec.yml: no command has {part!r}"
    for name, phase in phases.items():
        if phase.get("on-failure") != "ABORT":
            yield f"buildspec.yml: phases.{name}.on-failure must be ABORT, or a failed phase goes on"


def _task_definition(files: AwsFiles) -> Iterator[str]:
    if not files.task_definition:
        return
    family = files.task_definition.get("family")
    if family != "lantern-${SERVICE}":
        yield f"taskdef.json: family is {family!r}, expected 'lantern-${{SERVICE}}'"
    environment = variables(files.containers().get(CONTAINER, {}))
    for service in SERVICES:
        expected = {}
        if not service.public:
            expected[f"{service.name.upper()}_URL"] = f"http://{service.host}:{service.production_port}"
        if service.table:
            expected[f"{service.table.removeprefix('lantern-').upper()}_TABLE"] = service.table
        for key, value in expected.items():
            if environment.get(key) != value:
                yield (
                    f"taskdef.json: {key} is {environment.get(key)!r}, expected {value!r} as in infra/shop.py"
                )


def _pipeline(files: AwsFiles) -> Iterator[str]:
    placeholder = IMAGE_PLACEHOLDER.strip("<>")
    for pipeline in files.of_type("AWS::CodePipeline::Pipeline"):
        stages = {stage["Name"]: stage["Actions"] for stage in pipeline.properties["Stages"]}
        artifacts = {output["Name"] for action in stages["Build"] for output in action["OutputArtifacts"]}
        for action in stages["Deploy"]:
            configuration, field = action["Configuration"], f"{pipeline}: Deploy {action['Name']}"
            for key in ("TaskDefinitionTemplateArtifact", "AppSpecTemplateArtifact", "Image1ArtifactName"):
                if configuration.get(key) not in artifacts:
                    yield f"{field}: {key} is {configuration.get(key)!r}, made are {sorted(artifacts)}"
            name = configuration.get("Image1ContainerName")
            if name != placeholder:
                yield (
                    f"{field}: Image1ContainerName is {name!r}, expected the placeholder {placeholder!r}, "
                    "not a container"
                )


def _compose(files: AwsFiles) -> Iterator[str]:
    """Variables that docker-compose.yml gives a service and Fargate does not."""
    if not files.compose or not files.task_definition:
        return
    on_fargate = set(variables(files.containers().get(CONTAINER, {})))
    for service in SERVICES:
        on_laptop = set(files.compose["services"][service.name]["environment"])
        if missing := sorted(on_laptop - on_fargate - ONLY_ON_A_LAPTOP):
            yield f"taskdef.json: has no {', '.join(missing)}, docker-compose.yml gives it to {service.name}"
