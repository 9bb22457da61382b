"""GetSamplingTargets: takes the statistics of SDKs and tells them how much to sample next."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """A target for each reported rule."""
    return backend.sampling_targets.answer(
        request["SamplingStatisticsDocuments"], request.get("SamplingBoostStatisticsDocuments") or []
    )
