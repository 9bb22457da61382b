"""GetSamplingStatisticSummaries: what the SDKs reported in the last closed ten seconds."""

from typing import Any

from local.xray.backend import Backend


def answer(_request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """One summary for each rule that was reported, all clients together."""
    return {"SamplingStatisticSummaries": backend.sampling.statistics()}
