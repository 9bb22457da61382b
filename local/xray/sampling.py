"""Sampling rules and targets, as the SDKs' pollers ask for them.

AWS's own Default rule samples one request a second and 5 % of the rest. So that on a laptop every request is
sampled, a new store begins with rules of its own beside it, to be edited like any other.
"""

import json
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

from local.awsapi.errors import ApiError, InvalidRequestException
from local.xray.sampling_statistics import SamplingStatistics
from local.xray.store import Store

Rule = dict[str, Any]

REGION, ACCOUNT = "us-east-1", "111122223333"
MATCH_ALL = {
    "ResourceARN": "*",
    "ServiceName": "*",
    "ServiceType": "*",
    "Host": "*",
    "HTTPMethod": "*",
    "URLPath": "*",
    "Version": 1,
    "Attributes": {},
}
DEFAULT: Rule = {"RuleName": "Default", "Priority": 10000, "FixedRate": 0.05, "ReservoirSize": 1, **MATCH_ALL}
EVERYTHING: Rule = {
    "RuleName": "lantern-sample-everything",
    "Priority": 9000,
    "FixedRate": 1.0,
    "ReservoirSize": 0,
    **MATCH_ALL,
}
STATIC_FILES: Rule = {  # a page brings thirty of them; nobody learns from their traces
    **EVERYTHING,
    "RuleName": "lantern-no-static-files",
    "Priority": 8000,
    "FixedRate": 0.0,
    "URLPath": "/static/*",
}
MAX_RULES = 25  # beside Default
QUOTA_TTL_S, INTERVAL_S = 300, 10
CLIENT_FORGOTTEN_S = 30.0  # a client reports every ten seconds while it samples


class RuleLimitExceededException(ApiError):
    """There are 25 rules already."""


class Sampling:
    """The rules, and the clients among which their reservoirs are shared out."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._clients: dict[str, dict[str, float]] = {}  # rule → client → last report
        self._lock = threading.Lock()
        self._statistics = SamplingStatistics()
        if not store.fact("rules_seeded"):
            self._put(DEFAULT, created=0.0)
            for rule in (EVERYTHING, STATIC_FILES):
                self._put(rule, created=time.time())
            store.set_fact("rules_seeded", 1)

    def records(self) -> list[dict[str, Any]]:
        """SamplingRuleRecords, in the order in which they are tried."""
        rows = self._store.read("SELECT rule, created, modified FROM sampling_rules")
        rules = [(json.loads(rule), created, modified) for rule, created, modified in rows]
        rules.sort(key=lambda row: (row[0]["Priority"], row[0]["RuleName"]))
        return [_record(*row) for row in rules]

    def create(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Add a rule. Raises InvalidRequestException and RuleLimitExceededException."""
        name = wanted.get("RuleName") or ""
        if not re.fullmatch(r"[A-Za-z0-9_\-]{1,32}", name):
            raise InvalidRequestException("RuleName must be 1 to 32 letters, digits, hyphens and underscores")
        if wanted.get("RuleARN"):
            raise InvalidRequestException("RuleARN is given by the service; name the rule by RuleName")
        if wanted["Version"] != 1:
            raise InvalidRequestException("Version must be 1")
        if self._find(name):
            raise InvalidRequestException(f"{name} already exists")
        if len(self.records()) > MAX_RULES:
            raise RuleLimitExceededException(f"There can be {MAX_RULES} rules beside Default")
        rule = {
            "RuleName": name,
            **{key: wanted.get(key, MATCH_ALL.get(key)) for key in DEFAULT if key != "RuleName"},
        }
        return self._put(_checked(rule), created=time.time())

    def update(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """Change what `change` names; of Default only FixedRate and ReservoirSize."""
        old = self._named(change)
        changes = {key: value for key, value in change.items() if key in old and key != "RuleName"}
        fixed = set(changes) - {"FixedRate", "ReservoirSize"}
        if old["RuleName"] == "Default" and fixed:
            raise InvalidRequestException(
                f"Default rule can only change FixedRate and ReservoirSize, not {sorted(fixed)}"
            )
        return self._put(_checked({**old, **changes}), created=self._created(old["RuleName"]))

    def delete(self, target: Mapping[str, Any]) -> dict[str, Any]:
        """Remove a rule; Default stays."""
        rule = self._named(target)
        if rule["RuleName"] == "Default":
            raise InvalidRequestException("Default rule cannot be deleted")
        record = _record(rule, self._created(rule["RuleName"]), time.time())
        self._store.write("DELETE FROM sampling_rules WHERE name = ?", (rule["RuleName"],))
        self._store.set_fact("rules_modified", time.time())
        return record

    def statistics(self) -> list[dict[str, Any]]:
        """SamplingStatisticSummaries of the last closed window."""
        return self._statistics.last_closed()

    def targets(self, reports: list[dict[str, Any]]) -> dict[str, Any]:
        """What each reporting client may sample in the next ten seconds."""
        documents, unprocessed = [], []
        for report in reports:
            rule = self._find(report["RuleName"])
            if rule is None:
                unprocessed.append(
                    {"RuleName": report["RuleName"], "ErrorCode": "400", "Message": "Unknown rule"}
                )
            else:
                self._statistics.add(report)
                documents.append(self._target(rule, report["ClientID"]))
        return {
            "SamplingTargetDocuments": documents,
            "LastRuleModification": self._store.fact("rules_modified"),
            "UnprocessedStatistics": unprocessed,
        }

    def _target(self, rule: Rule, client: str) -> dict[str, Any]:
        now = time.time()
        with self._lock:
            seen = self._clients.setdefault(rule["RuleName"], {})
            is_known = now - seen.get(client, 0.0) < CLIENT_FORGOTTEN_S
            seen[client] = now
            for gone in [other for other, last in seen.items() if now - last >= CLIENT_FORGOTTEN_S]:
                del seen[gone]
            share = sorted(seen).index(client), len(seen)
        target = {"RuleName": rule["RuleName"], "FixedRate": rule["FixedRate"], "Interval": INTERVAL_S}
        if is_known:
            quota, left_over = divmod(rule["ReservoirSize"], share[1])
            target["ReservoirQuota"] = quota + (1 if share[0] < left_over else 0)
            target["ReservoirQuotaTTL"] = now + QUOTA_TTL_S
        return target

    def _named(self, request: Mapping[str, Any]) -> Rule:
        """The rule that RuleName or RuleARN names, exactly one of which is given."""
        name, arn = request.get("RuleName"), request.get("RuleARN")
        if bool(name) == bool(arn):
            raise InvalidRequestException("Provide either RuleName or RuleARN")
        rule = self._find(name or str(arn).rsplit("/", 1)[-1])
        if rule is None:
            raise InvalidRequestException(f"Sampling rule {name or arn} does not exist")
        return rule

    def _find(self, name: str) -> Rule | None:
        rows = self._store.read("SELECT rule FROM sampling_rules WHERE name = ?", (name,))
        return json.loads(rows[0][0]) if rows else None

    def _created(self, name: str) -> float:
        rows = self._store.read("SELECT created FROM sampling_rules WHERE name = ?", (name,))
        return float(rows[0][0])

    def _put(self, rule: Rule, created: float) -> dict[str, Any]:
        now = time.time() if created else 0.0
        self._store.write(
            "INSERT INTO sampling_rules VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET rule = excluded.rule, modified = excluded.modified",
            (rule["RuleName"], json.dumps(rule), created, time.time()),
        )
        self._store.set_fact("rules_modified", time.time())
        return _record(rule, created, now)


def _checked(rule: Rule) -> Rule:
    if rule["RuleName"] != "Default" and not 1 <= rule["Priority"] <= 9999:
        raise InvalidRequestException("Priority must be from 1 to 9999")
    if not 0 <= rule["FixedRate"] <= 1:
        raise InvalidRequestException("FixedRate must be from 0 to 1")
    if rule["ReservoirSize"] < 0:
        raise InvalidRequestException("ReservoirSize must not be negative")
    return rule


def _record(rule: Rule, created: float, modified: float) -> dict[str, Any]:
    arn = f"arn:aws:xray:{REGION}:{ACCOUNT}:sampling-rule/{rule['RuleName']}"
    return {"SamplingRule": {**rule, "RuleARN": arn}, "CreatedAt": created, "ModifiedAt": modified}
