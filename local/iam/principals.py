"""Who acts: a role's session, an AWS service, or a person; told by the access key id of a signature.

A session's access key id holds its role and its name, so every stand-in can tell who acts, and a restart of
one loses no session. It expires as little as a person's key does. A person is everybody else: any other key.
"""

import base64
import binascii
from dataclasses import dataclass

from local.awsapi.account import ACCOUNT

SESSION_PREFIX = "ASIA"  # AWS's own, of temporary credentials
SERVICE_SUFFIX = ".amazonaws.com"
SECRET = "laptop"  # noqa: S105  signatures are not verified here


@dataclass(frozen=True, slots=True)
class Principal:
    """A role's session, or a service by its name such as `codedeploy.amazonaws.com`."""

    name: str  # of the role or the service
    session: str = ""

    @property
    def is_role(self) -> bool:
        """Whether it is a role's session."""
        return bool(self.session)

    @property
    def arn(self) -> str:
        """The ARN by which AWS's messages call it; a service has its name only."""
        return (
            f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.name}/{self.session}" if self.session else self.name
        )

    @property
    def role_arn(self) -> str:
        """The ARN of the role, "" of a service."""
        return role_arn(self.name) if self.session else ""

    @property
    def access_key_id(self) -> str:
        """The access key id with which it signs."""
        if not self.session:
            return self.name
        packed = base64.b32encode(f"{self.name}/{self.session}".encode()).decode().rstrip("=")
        return SESSION_PREFIX + packed


def role_arn(name: str) -> str:
    """The ARN of a role of this account."""
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def principal_of(access_key_id: str) -> Principal | None:
    """Who signs with this access key id; None is a person, who may do everything."""
    if access_key_id.endswith(SERVICE_SUFFIX):
        return Principal(access_key_id)
    if not access_key_id.startswith(SESSION_PREFIX):
        return None
    packed = access_key_id.removeprefix(SESSION_PREFIX)
    try:
        text = base64.b32decode(packed + "=" * (-len(packed) % 8)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    role, slash, session = text.partition("/")
    return Principal(role, session) if slash and role and session else None
