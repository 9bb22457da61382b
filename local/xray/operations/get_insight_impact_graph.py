"""GetInsightImpactGraph: every id is unknown, as for GetInsight."""

from local.xray.operations.get_insight import answer as answer
