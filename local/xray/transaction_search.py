"""Transaction Search: where segments and spans go, and which share of the traces gets a summary.

With the destination CloudWatchLogs all spans go to the log group aws/spans; a trace that the indexing rule
leaves out is in no list, map or filter, and only a retrieval finds it.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Transaction-Search.html
"""

import time
from typing import Any

from local.xray.configuration import Configuration
from local.xray.span_log import SpanLog
from local.xray.storage.writer import Writer

X_RAY, CLOUDWATCH_LOGS = "XRay", "CloudWatchLogs"
RULE = "Default"
INITIAL = {"Percentage": 1.0, "ModifiedAt": 0.0}  # on AWS 1 % is indexed without a charge


class TransactionSearch:
    """Keeps destination and indexing rule, and has writer and span log act by them."""

    def __init__(self, configuration: Configuration, writer: Writer, span_log: SpanLog) -> None:
        self._configuration, self._writer, self.span_log = configuration, writer, span_log
        writer.on_written = span_log.put_documents
        self._apply()

    @property
    def destination(self) -> str:
        """XRay or CloudWatchLogs."""
        destination: str = self._configuration.get("destination", RULE) or X_RAY
        return destination

    @property
    def rule(self) -> dict[str, Any]:
        """Percentage and ModifiedAt of the one indexing rule."""
        rule: dict[str, Any] = self._configuration.get("indexing", RULE) or INITIAL
        return rule

    def send_to(self, destination: str) -> None:
        """Change the destination. Raises InvalidRequestException when X-Ray may not write to it."""
        if destination == CLOUDWATCH_LOGS:
            self.span_log.prepare()
        self._configuration.put("destination", RULE, destination)
        self._apply()

    def index(self, percentage: float) -> dict[str, Any]:
        """Change the share of the traces that get a summary; returns the rule."""
        rule = {"Percentage": percentage, "ModifiedAt": time.time()}
        self._configuration.put("indexing", RULE, rule)
        self._apply()
        return rule

    def _apply(self) -> None:
        if self.destination == CLOUDWATCH_LOGS:
            self._writer.indexed_share = self.rule["Percentage"] / 100
            self.span_log.open()
        else:
            self._writer.indexed_share = 1.0
            self.span_log.close()
