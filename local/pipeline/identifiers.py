"""ARNs and identifiers in the form that AWS gives them."""

import secrets
import string
import uuid

from local.awsapi.account import ACCOUNT, REGION

_LETTERS = string.ascii_uppercase + string.digits


def arn(service: str, resource: str) -> str:
    """Return the ARN of a resource of the local account and region."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def deployment_id() -> str:
    """Return a new CodeDeploy deployment id, such as `d-4MKJ2VQ9X`."""
    return "d-" + "".join(secrets.choice(_LETTERS) for _ in range(9))


def execution_id() -> str:
    """Return a new id for a pipeline execution, an action execution, a build or an approval: a UUID."""
    return str(uuid.uuid4())


def task_set_id() -> str:
    """Return a new ECS task set id, such as `ecs-svc/5782596715501462061`."""
    return f"ecs-svc/{secrets.randbelow(9 * 10**18) + 10**18}"
