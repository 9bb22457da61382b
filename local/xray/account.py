"""The one account and the one region of the local X-Ray, and the ARNs of its resources."""

REGION = "us-east-1"
ACCOUNT = "111122223333"


def arn(resource: str) -> str:
    """The ARN of an X-Ray resource, e.g. of `group/Default`."""
    return f"arn:aws:xray:{REGION}:{ACCOUNT}:{resource}"
