"""Errors of X-Ray's own model beyond those that every AWS API has.

ApiError
├── ResourceNotFoundException         404  nothing has this ARN, name or token
├── TooManyTagsException              400  more than 50
├── MalformedPolicyDocumentException  400  a policy is not JSON
├── PolicyCountLimitExceededException 400  more than 5 policies
├── PolicySizeLimitExceededException  400  a policy is larger than 5 kB
└── InvalidPolicyRevisionIdException  400  somebody else changed it meanwhile
"""

from local.awsapi.errors import ApiError


class ResourceNotFoundException(ApiError):
    """Nothing has this ARN, name or token."""

    status = 404


class TooManyTagsException(ApiError):
    """A resource has at most 50 tags."""


class MalformedPolicyDocumentException(ApiError):
    """The policy is not a JSON object."""


class PolicyCountLimitExceededException(ApiError):
    """An account has at most five resource policies."""


class PolicySizeLimitExceededException(ApiError):
    """A policy has at most 5 kB."""


class InvalidPolicyRevisionIdException(ApiError):
    """The policy has another revision than the caller thinks."""
