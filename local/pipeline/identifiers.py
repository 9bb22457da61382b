"""Names that AWS would give: the account of the examples, its region, ARNs and identifiers."""

import secrets
import string
import uuid

ACCOUNT = "111122223333"
REGION = "us-east-1"
_LETTERS = string.ascii_uppercase + string.digits


def arn(service: str, resource: str) -> str:
    """An ARN of the local account."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def deployment_id() -> str:
    """Such as d-4MKJ2VQ9X."""
    return "d-" + "".join(secrets.choice(_LETTERS) for _ in range(9))


def execution_id() -> str:
    """A pipeline or build execution's."""
    return str(uuid.uuid4())


def task_set_id() -> str:
    """Such as ecs-svc/5782596715501462061."""
    return f"ecs-svc/{secrets.randbelow(9 * 10**18) + 10**18}"
