"""Sampling rules, as users edit them and as the SDKs' pollers read them.

AWS's Default rule samples one request a second and 5 % of the others. So that on a laptop every request is
sampled, a new store begins with two more rules, which can be edited like any other.
"""

import re
import time
from collections.abc import Mapping
from typing import Any

from local.awsapi.errors import ApiError, InvalidRequestException
from local.xray.account import arn
from local.xray.configuration import Configuration

KIND = "sampling-rule"
PATTERNS = ("ResourceARN", "ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath")
MATCH_ALL = {**dict.fromkeys(PATTERNS, "*"), "Version": 1, "Attributes": {}}
DEFAULT = {"RuleName": "Default", "Priority": 10000, "FixedRate": 0.05, "ReservoirSize": 1, **MATCH_ALL}
EVERYTHING = {
    "RuleName": "lantern-sample-everything",
    "Priority": 9000,
    "FixedRate": 1.0,
    "ReservoirSize": 0,
    **MATCH_ALL,
}
STATIC_FILES = {  # a page loads thirty of them, and nobody learns from their traces
    **EVERYTHING,
    "RuleName": "lantern-no-static-files",
    "Priority": 8000,
    "FixedRate": 0.0,
    "ServiceName": "storefront",  # SDKs compare nothing that they do not know: work without a path has a name
    "URLPath": "/static/*",
}
MAX_RULES = 25  # beside Default

Record = dict[str, Any]  # a SamplingRuleRecord: SamplingRule, CreatedAt, ModifiedAt


class RuleLimitExceededException(ApiError):
    """There are MAX_RULES rules already."""


class SamplingRules:
    """Creates, finds, changes and deletes rules. Refuses with InvalidRequestException."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        if not configuration.all(KIND):
            self._put(DEFAULT, created_s=0.0)
            for rule in (EVERYTHING, STATIC_FILES):
                self._put(rule, created_s=time.time())

    def records(self) -> list[Record]:
        """All SamplingRuleRecords, in the order in which SDKs try them."""
        records = self._configuration.all(KIND).values()
        return [
            _with_arn(record)
            for record in sorted(
                records, key=lambda r: (r["SamplingRule"]["Priority"], r["SamplingRule"]["RuleName"])
            )
        ]

    def find(self, name: str) -> Record | None:
        """The record of the rule with this name."""
        record = self._configuration.get(KIND, name)
        return _with_arn(record) if record else None

    def modified_s(self) -> float:
        """When a rule was last created, changed or deleted, in epoch seconds."""
        return float(self._configuration.get("sampling", "modified") or 0.0)

    def create(self, rule: Mapping[str, Any]) -> Record:
        """Create a rule. Raises RuleLimitExceededException beside InvalidRequestException."""
        name = _requested_name(rule)
        if not re.fullmatch(r"[A-Za-z0-9_\-]{1,32}", name):
            raise InvalidRequestException("RuleName must be 1 to 32 letters, digits, hyphens and underscores")
        if rule["Version"] != 1:
            raise InvalidRequestException("Sampling rule version must be 1")
        records = self.records()
        if any(record["SamplingRule"]["RuleName"] == name for record in records):
            raise InvalidRequestException("Sampling rule already exists")
        if len(records) > MAX_RULES:
            raise RuleLimitExceededException("The maximum number of custom sampling rules has been reached.")
        created = {key: rule.get(key, MATCH_ALL.get(key)) for key in DEFAULT} | {"RuleName": name}
        return self._put(created | _boost(rule), created_s=time.time())

    def update(self, change: Mapping[str, Any]) -> Record:
        """Change the fields that a SamplingRuleUpdate names; of Default only FixedRate and ReservoirSize.

        An update without SamplingRateBoost removes it.
        """
        record = self._requested(change)
        rule = record["SamplingRule"]
        changes = {key: change[key] for key in DEFAULT if key in change and key != "RuleName"} | _boost(
            change
        )
        if rule["RuleName"] == "Default" and set(changes) - {"FixedRate", "ReservoirSize"}:
            raise InvalidRequestException(
                "Only the reservoir size and fixed rate of the default sampling rule can be modified"
            )
        kept = {key: value for key, value in rule.items() if key != "SamplingRateBoost"}
        return self._put(kept | changes, created_s=record["CreatedAt"])

    def delete(self, request: Mapping[str, Any]) -> Record:
        """Delete a rule, which Default can't be; returns its record."""
        record = self._requested(request)
        name = record["SamplingRule"]["RuleName"]
        if name == "Default":
            raise InvalidRequestException("The default sampling rule cannot be deleted")
        self._configuration.delete(KIND, name)
        return record | {"ModifiedAt": self._touch()}

    def _requested(self, request: Mapping[str, Any]) -> Record:
        """The record of the rule that a request names."""
        record = self.find(_requested_name(request))
        if record is None:
            raise InvalidRequestException("Sampling rule does not exist")
        return record

    def _put(self, rule: dict[str, Any], created_s: float) -> Record:
        if rule["RuleName"] != "Default" and not 1 <= rule["Priority"] <= 9999:
            raise InvalidRequestException("Priority must be from 1 to 9999")
        if not 0 <= rule["FixedRate"] <= 1:
            raise InvalidRequestException("FixedRate must be from 0 to 1")
        if rule["ReservoirSize"] < 0:
            raise InvalidRequestException("ReservoirSize must not be negative")
        record = {"SamplingRule": rule, "CreatedAt": created_s, "ModifiedAt": self._touch()}
        self._configuration.put(KIND, rule["RuleName"], record)
        return _with_arn(record)

    def _touch(self) -> float:
        """Remember that the rules changed now: SDKs read them again after their next report."""
        now_s = time.time()
        self._configuration.put("sampling", "modified", now_s)
        return now_s


def _requested_name(request: Mapping[str, Any]) -> str:
    """The name of the rule that a request names by exactly one of RuleName and RuleARN."""
    name, rule_arn = request.get("RuleName"), request.get("RuleARN")
    if name and rule_arn:
        raise InvalidRequestException("Request cannot contain both sampling rule name and sampling rule ARN")
    if rule_arn and not rule_arn.startswith(arn("sampling-rule/")):
        raise InvalidRequestException("Invalid sampling rule ARN")
    name = name or (rule_arn or "").removeprefix(arn("sampling-rule/"))
    if not name:
        raise InvalidRequestException("Request must contain either sampling rule name or sampling rule ARN")
    return str(name)


def _boost(request: Mapping[str, Any]) -> dict[str, Any]:
    boost = request.get("SamplingRateBoost")
    return {} if boost is None else {"SamplingRateBoost": boost}


def _with_arn(record: Record) -> Record:
    rule = record["SamplingRule"]
    return record | {"SamplingRule": {**rule, "RuleARN": arn(f"sampling-rule/{rule['RuleName']}")}}
