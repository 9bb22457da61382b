"""The ARNs of X-Ray's resources."""

from local.awsapi.account import ACCOUNT, REGION


def arn(resource: str) -> str:
    """The ARN of an X-Ray resource, e.g. of `group/Default`."""
    return f"arn:aws:xray:{REGION}:{ACCOUNT}:{resource}"
