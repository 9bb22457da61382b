"""GetSamplingTargets: what the SDKs counted, and what they may sample next."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """A target for each reported rule."""
    return backend.sampling.targets(request["SamplingStatisticsDocuments"])
