"""Errors of X-Ray's own model, beyond those that every AWS API has.

ApiError
├── ResourceNotFoundException         404  no resource has this ARN, name or token
├── TooManyTagsException              400  a resource would have more than 50 tags
├── MalformedPolicyDocumentException  400  a policy is not JSON
├── PolicyCountLimitExceededException 400  there would be more than 5 policies
├── PolicySizeLimitExceededException  400  a policy is larger than 5 kB
└── InvalidPolicyRevisionIdException  400  the policy was changed in the meantime
"""

from local.awsapi.errors import ApiError


class ResourceNotFoundException(ApiError):
    """No resource has this ARN, name or token."""

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
    """The policy has another revision than the request expects."""
