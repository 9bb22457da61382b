"""What `make deploy` may be told: one variable a parameter of a template."""

import os
from collections.abc import Mapping

from infra.operations.errors import UsageError

# variable, parameter, what it may be (empty: anything), what it is for
VARIABLES = (
    ("EGRESS", "Egress", ("endpoints", "nat"), "how tasks reach AWS"),
    ("CANARY", "Canary", (), "how CodeDeploy shifts traffic, e.g. CodeDeployDefault.ECSAllAtOnce"),
    ("CERTIFICATE_ARN", "CertificateArn", (), "HTTPS instead of HTTP for the shop"),
    ("DELETION_PROTECTION", "DeletionProtection", ("true", "false"), "load balancers refuse to be deleted"),
    ("SOURCE", "SourceProvider", ("CodeCommit", "Connection"), "where the pipeline's commits come from"),
    ("CONNECTION_ARN", "ConnectionArn", (), "with SOURCE=Connection"),
    ("REPOSITORY", "FullRepositoryId", (), "owner/name, with SOURCE=Connection"),
    ("BRANCH", "BranchName", (), "the branch that is deployed"),
    ("APPROVAL", "Approval", ("yes", "no"), "a person must agree before anything is deployed"),
    ("EMAIL", "NotifyEmail", (), "who is told of alarms and failures"),
)


def parameters(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The templates' parameters that the environment sets; raises UsageError naming every wrong one."""
    wrong = [
        f"{variable}={environ[variable]}: expected {' or '.join(allowed)} ({purpose})"
        for variable, _, allowed, purpose in VARIABLES
        if environ.get(variable) and allowed and environ[variable] not in allowed
    ]
    if wrong:
        raise UsageError("; ".join(wrong))
    return {name: environ[variable] for variable, name, _, _ in VARIABLES if environ.get(variable)}
