"""The environment variables that set the templates' parameters: docs/aws.md."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from infra.operations.errors import UsageError
from settings import SettingsError, choice, env, load


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """The templates' parameters under their own names; an empty one keeps the stack's or the default."""

    Egress: str = env("EGRESS", choice("endpoints", "nat"), default="", help="how tasks reach AWS")
    Canary: str = env(
        "CANARY",
        str,
        default="",
        help="how CodeDeploy shifts traffic, e.g. CodeDeployDefault.ECSAllAtOnce",
    )
    CertificateArn: str = env("CERTIFICATE_ARN", str, default="", help="HTTPS instead of HTTP for the shop")
    DeletionProtection: str = env(
        "DELETION_PROTECTION",
        choice("true", "false"),
        default="",
        help="load balancers refuse to be deleted",
    )
    SourceProvider: str = env(
        "SOURCE",
        choice("CodeCommit", "Connection"),
        default="",
        help="where the pipeline's commits come from",
    )
    ConnectionArn: str = env("CONNECTION_ARN", str, default="", help="with SOURCE=Connection")
    FullRepositoryId: str = env("REPOSITORY", str, default="", help="owner/name, with SOURCE=Connection")
    BranchName: str = env("BRANCH", str, default="", help="the branch that is deployed")
    Approval: str = env(
        "APPROVAL",
        choice("yes", "no"),
        default="",
        help="a person must agree before anything is deployed",
    )
    NotifyEmail: str = env("EMAIL", str, default="", help="who is told of alarms and failures")


def parameters(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The parameters that the environment sets, by name. Raises UsageError naming every wrong variable."""
    try:
        settings = load(Parameters, environ)
    except SettingsError as error:
        raise UsageError(str(error)) from error
    return {name: value for name, value in asdict(settings).items() if value}
