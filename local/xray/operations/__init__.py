"""The operations of the X-Ray API, one module each, named after the operation: `answer(request, backend)`.

`request` is the validated input of the operation and the result its output, both as botocore's model names
the members. An operation without a module answers NotImplemented.
"""

from local.awsapi import operations
from local.awsapi.application import Operation
from local.xray.backend import Backend

# AWS's own distribution of OpenTelemetry for Python sends SampleCount for SampledCount, and gets its targets
NOT_REQUIRED = {"SamplingStatisticsDocument": ("RequestCount", "SampledCount")}


def load(backend: Backend) -> dict[str, Operation]:
    """The operations by their names in AWS's API."""
    return operations.load(__name__, backend)
