"""Sampling targets: how much each client of a rule may sample until its next report.

https://docs.aws.amazon.com/xray/latest/api/API_GetSamplingTargets.html
"""

import threading
import time
from typing import Any

from local.xray.sampling_rules import SamplingRules
from local.xray.sampling_statistics import SamplingStatistics

QUOTA_TTL_S, INTERVAL_S = 300, 10
CLIENT_TIMEOUT_S = 30.0  # a client reports every ten seconds while it samples


class SamplingTargets:
    """Shares the reservoir of each rule among the clients that report on it."""

    def __init__(self, rules: SamplingRules, statistics: SamplingStatistics) -> None:
        self._rules, self._statistics = rules, statistics
        self._reported: dict[str, dict[str, float]] = {}  # rule name → client id → time of its last report
        self._lock = threading.Lock()

    def answer(self, reports: list[dict[str, Any]], anomalies: list[dict[str, Any]]) -> dict[str, Any]:
        """The answer to SamplingStatisticsDocuments and SamplingBoostStatisticsDocuments.

        Anomalies are taken and boost no rate: how AWS computes a boost is not documented.
        """
        targets, unprocessed = [], []
        for report in reports:
            record = self._rules.find(report["RuleName"])
            if record is None:
                unprocessed.append(_unknown_rule(report))
            else:
                self._statistics.add(report)
                targets.append(self._target(record["SamplingRule"], report["ClientID"]))
        return {
            "SamplingTargetDocuments": targets,
            "LastRuleModification": self._rules.modified_s(),
            "UnprocessedStatistics": unprocessed,
            "UnprocessedBoostStatistics": [
                _unknown_rule(report) for report in anomalies if self._rules.find(report["RuleName"]) is None
            ],
        }

    def _target(self, rule: dict[str, Any], client_id: str) -> dict[str, Any]:
        """The target of a client; without interval and quota on its first report, as on AWS."""
        now_s = time.time()
        with self._lock:
            reported = self._reported.setdefault(rule["RuleName"], {})
            is_known = now_s - reported.get(client_id, 0.0) < CLIENT_TIMEOUT_S
            reported[client_id] = now_s
            for silent in [c for c, last_s in reported.items() if now_s - last_s >= CLIENT_TIMEOUT_S]:
                del reported[silent]
            position, clients = sorted(reported).index(client_id), len(reported)
        target = {"RuleName": rule["RuleName"], "FixedRate": rule["FixedRate"]}
        if is_known:
            target["Interval"] = INTERVAL_S
            quota, remainder = divmod(rule["ReservoirSize"], clients)
            target["ReservoirQuota"] = quota + (1 if position < remainder else 0)
            target["ReservoirQuotaTTL"] = now_s + QUOTA_TTL_S
        return target


def _unknown_rule(report: dict[str, Any]) -> dict[str, Any]:
    return {"RuleName": report["RuleName"], "ErrorCode": "400", "Message": "Unknown rule"}
