"""The same names, ports, families and placeholders in every file that AWS or a laptop reads."""

from typing import Any

from infra.checks.aws_files import Tree
from infra.render import IMAGE_PLACEHOLDER
from infra.shop import (
    CONTAINER,
    CONTAINER_PORT,
    HOOK_FUNCTION,
    SERVICES,
    XRAY_DAEMON_VERSION,
    XRAY_REPOSITORY,
    Service,
)

ARTIFACT_FILES = {"taskdef.json", "appspec.yaml", "imageDetail.json", "build.json"}


def problems(tree: Tree) -> list[str]:
    """Where two files disagree about a name."""
    return [
        *_build(tree),
        *_task_definition(tree),
        *(problem for service in SERVICES for problem in _service(tree, service)),
        *_pipeline(tree),
        *_compose(tree),
        *_hook(tree),
        *_repositories(tree),
    ]


def _build(tree: Tree) -> list[str]:
    if not tree.buildspec:
        return []
    found = []
    variables = tree.buildspec.get("env", {}).get("variables", {})
    if str(variables.get("XRAY_DAEMON_VERSION")) != XRAY_DAEMON_VERSION:
        found.append(
            f"buildspec.yml: XRAY_DAEMON_VERSION is {variables.get('XRAY_DAEMON_VERSION')}, "
            f"infra/shop.py says {XRAY_DAEMON_VERSION}"
        )
    files = set(tree.buildspec.get("artifacts", {}).get("files", []))
    if files != ARTIFACT_FILES:
        found.append(f"buildspec.yml: artifacts.files is {sorted(files)}, expected {sorted(ARTIFACT_FILES)}")
    commands = "\n".join(
        command
        for phase in tree.buildspec.get("phases", {}).values()
        for command in phase.get("commands", [])
    )
    for needed in ("lantern/$SERVICE", "services/Dockerfile", "python3 -m infra.render"):
        if needed not in commands:
            found.append(f"buildspec.yml: no command has {needed!r}")
    for name, phase in tree.buildspec.get("phases", {}).items():
        if phase.get("on-failure") != "ABORT":
            found.append(f"buildspec.yml: phases.{name}.on-failure must be ABORT, or a failed phase goes on")
    return found


def _environment(tree: Tree) -> dict[str, str]:
    containers = {entry.get("name"): entry for entry in tree.task_definition.get("containerDefinitions", [])}
    return {entry["name"]: entry["value"] for entry in containers.get(CONTAINER, {}).get("environment", [])}


def _task_definition(tree: Tree) -> list[str]:
    if not tree.task_definition:
        return []
    found = []
    if tree.task_definition.get("family") != "lantern-${SERVICE}":
        found.append(
            f"taskdef.json: family is {tree.task_definition.get('family')!r}, expected 'lantern-${{SERVICE}}'"
        )
    environment = _environment(tree)
    for service in SERVICES:
        wanted = {f"{service.name.upper()}_URL": f"http://{service.host}:{service.production_port}"}
        if service.public:
            wanted = {}
        if service.table:
            wanted[f"{service.table.removeprefix('lantern-').upper()}_TABLE"] = service.table
        found += [
            f"taskdef.json: {key} is {environment.get(key)!r}, expected {value!r} as in infra/shop.py"
            for key, value in wanted.items()
            if environment.get(key) != value
        ]
    return found


def _service(tree: Tree, service: Service) -> list[str]:
    stack = f"lantern-{service.name}"
    mine = [resource for resource in tree.resources if resource.stack == stack]
    if not mine:
        return []
    found = []

    def expect(kind: str, key: str, wanted: Any) -> None:
        values = [resource.properties.get(key) for resource in mine if resource.type == kind]
        if wanted not in values:
            found.append(f"{stack}.json: no {kind} has {key} {wanted!r}; found {values}")

    expect("AWS::ECS::Service", "ServiceName", service.name)
    expect("AWS::ECS::TaskDefinition", "Family", service.family)
    expect("AWS::Logs::LogGroup", "LogGroupName", service.log_group)
    expect("AWS::IAM::Role", "RoleName", service.task_role)
    expect("AWS::IAM::Role", "RoleName", service.execution_role)
    expect("AWS::CodeDeploy::DeploymentGroup", "DeploymentGroupName", service.name)
    expect("AWS::ElasticLoadBalancingV2::Listener", "Port", service.production_port)
    expect("AWS::ElasticLoadBalancingV2::Listener", "Port", service.test_port)
    for resource in mine:
        if resource.type == "AWS::ECS::Service":
            balancer = resource.properties["LoadBalancers"][0]
            if (balancer["ContainerName"], balancer["ContainerPort"]) != (CONTAINER, CONTAINER_PORT):
                found.append(
                    f"{resource}: LoadBalancers names {balancer}, expected {CONTAINER}:{CONTAINER_PORT}"
                )
    return found


def _pipeline(tree: Tree) -> list[str]:
    found = []
    for pipeline in tree.of_type("AWS::CodePipeline::Pipeline"):
        stages = {stage["Name"]: stage["Actions"] for stage in pipeline.properties["Stages"]}
        made = {output["Name"] for action in stages["Build"] for output in action["OutputArtifacts"]}
        for action in stages["Deploy"]:
            configuration, where = action["Configuration"], f"{pipeline}: Deploy {action['Name']}"
            for key in ("TaskDefinitionTemplateArtifact", "AppSpecTemplateArtifact", "Image1ArtifactName"):
                if configuration.get(key) not in made:
                    found.append(f"{where}: {key} is {configuration.get(key)!r}, made are {sorted(made)}")
            placeholder = IMAGE_PLACEHOLDER.strip("<>")
            if configuration.get("Image1ContainerName") != placeholder:
                found.append(
                    f"{where}: Image1ContainerName is {configuration.get('Image1ContainerName')!r}, "
                    f"expected the placeholder {placeholder!r}, not a container"
                )
    return found


def _compose(tree: Tree) -> list[str]:
    """What the laptop gives the services and what Fargate gives them."""
    if not tree.compose or not tree.task_definition:
        return []
    there = set(_environment(tree))
    found = []
    for service in SERVICES:
        local = tree.compose["services"][service.name]["environment"]
        missing = sorted(set(local) - there - ONLY_ON_A_LAPTOP)
        if missing:
            found.append(
                f"taskdef.json: has no {', '.join(missing)}, docker-compose.yml gives it to {service.name}"
            )
    return found


# The image sets the port; Fargate gives region and credentials
ONLY_ON_A_LAPTOP = {
    "PORT",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_EC2_METADATA_DISABLED",
}


def _hook(tree: Tree) -> list[str]:
    functions = [one.properties.get("FunctionName") for one in tree.of_type("AWS::Lambda::Function")]
    if tree.resources and HOOK_FUNCTION not in functions:
        return [
            f"lantern-pipeline.json: no function is called {HOOK_FUNCTION} (appspec.yaml); found {functions}"
        ]
    return []


def _repositories(tree: Tree) -> list[str]:
    """The ECR repositories that the build pushes to and the templates make, where they differ."""
    made = {one.properties.get("RepositoryName") for one in tree.of_type("AWS::ECR::Repository")}
    if not tree.resources:
        return []
    needed = {service.repository for service in SERVICES} | {XRAY_REPOSITORY}
    return [f"lantern-foundation.json: makes no repository {name}" for name in sorted(needed - made)]
