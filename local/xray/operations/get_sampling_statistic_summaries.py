"""GetSamplingStatisticSummaries: what SDKs reported in the last closed window of ten seconds."""

from typing import Any

from local.xray.backend import Backend


def answer(_request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """A summary for each reported rule, with the sums over all clients."""
    return {"SamplingStatisticSummaries": backend.sampling_statistics.last_closed()}
