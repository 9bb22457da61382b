"""Rules for the order in which CloudFormation makes and deletes what no property ties together."""

from collections.abc import Iterator

from infra.checks.aws_files import AwsFiles
from infra.shop import OUTLIVED, stack_name
from infra.template import Resource, load

ATTACHMENT = "AWS::EC2::VPCGatewayAttachment"
TARGET_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"


def problems(files: AwsFiles) -> list[str]:
    """Resources that would be made too early or deleted too late."""
    if not files.resources:
        return []
    # With every choice that adds resources; endpoints instead of it have no such order
    stacks = load(files.root / "infra" / "cloudformation", {"Egress": "nat"})
    return [
        problem
        for stack in stacks
        for resources in [list(stack.resources())]
        for rule in (_internet, _listeners, _retained)
        for problem in rule(resources)
    ]


def _internet(resources: list[Resource]) -> Iterator[str]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html"""
    attachments = {resource.name for resource in resources if resource.type == ATTACHMENT}
    for resource in resources:
        if _uses_internet_gateway(resource) and attachments.isdisjoint(resource.depends_on):
            yield (
                f"{resource}: DependsOn has {list(resource.depends_on)}, expected the attachment of the "
                f"internet gateway ({', '.join(sorted(attachments)) or 'there is none'}): without it the "
                "gateway could not be used yet, and not be detached at the end"
            )


def _uses_internet_gateway(resource: Resource) -> bool:
    """Whether it has a public address or leads to the gateway, in the gateway's own stack."""
    match resource.type:
        case "AWS::EC2::EIP":
            return True
        case "AWS::EC2::NatGateway":
            return bool(resource.properties.get("ConnectivityType", "public") == "public")
        case "AWS::EC2::Route":
            return "GatewayId" in resource.properties
    return False


def _retained(resources: list[Resource]) -> Iterator[str]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html"""
    for resource in resources:
        if resource.deletion_policy.startswith("Retain"):
            if resource.stack not in map(stack_name, OUTLIVED):
                yield (
                    f"{resource}: DeletionPolicy is {resource.deletion_policy!r}, but 'make deploy' takes "
                    f"resources over only into {', '.join(map(stack_name, OUTLIVED))}: a new one would fail"
                )
            if not any(key.endswith("Name") for key in resource.properties):
                yield f"{resource}: outlives its stack without a name by which a new stack could take it"


def _listeners(resources: list[Resource]) -> Iterator[str]:
    """A deployment swaps what the listeners forward to; a target group in use can't be deleted."""
    groups = {
        resource.name: resource.properties.get("Name", f"<{resource.stack}.{resource.name}>")
        for resource in resources
        if resource.type == TARGET_GROUP
    }
    for resource in resources:
        if resource.type == "AWS::ElasticLoadBalancingV2::Listener":
            waited_for = {name for name, reference in groups.items() if reference in str(resource.properties)}
            for name in sorted(set(groups) - waited_for - set(resource.depends_on)):
                yield (
                    f"{resource}: must depend on {name} too: after an odd number of deployments it forwards "
                    "to that target group, which then can't be deleted before it"
                )
