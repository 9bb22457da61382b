"""Sampling rules: list, create, change and delete them."""

import re
import time
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from console.sampling.statistics import Statistics
from console.shared import forms
from console.shared.aws import attempt, aws
from console.traces.summaries import endpoint_of, http, newest_summaries

routes = Blueprint("sampling", __name__)
# what a rule matches, as the API names it; "*" matches anything
MATCHED = ("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN")
MINUTES = (1, 15)  # over which requests are counted
ENDPOINTS_OF_S = 3600.0
NEW = dict.fromkeys(MATCHED, "*") | {"RuleName": "", "Priority": 1000, "FixedRate": 0.05, "ReservoirSize": 1}


@routes.get("/sampling")
def show() -> str:
    """Show all rules by priority with their latest statistics; `rule` opens the form to change a rule."""
    records = list(aws().pages("xray", "get_sampling_rules", "SamplingRuleRecords"))
    changed_s = {record["SamplingRule"]["RuleName"]: _changed_s(record) for record in records}
    rules = sorted(
        (record["SamplingRule"] for record in records), key=lambda rule: (rule["Priority"], rule["RuleName"])
    )
    statistics: Statistics = current_app.extensions["sampling_statistics"]
    _, problem = attempt(statistics.look, lambda: None)
    name = request.args.get("rule", "")
    return render_template(
        "sampling/sampling.html",
        rules=rules,
        counts={
            rule["RuleName"]: [
                statistics.over(rule, minutes, changed_s[rule["RuleName"]]) for minutes in MINUTES
            ]
            for rule in rules
        },
        minutes=MINUTES,
        endpoints=attempt(_endpoints, list[str])[0],
        problem=problem,
        edited=next((rule for rule in rules if rule["RuleName"] == name), NEW),
        matched=MATCHED,
    )


@routes.post("/sampling")
def save() -> Any:
    """Create a rule, or change the rule that `original` names; X-Ray says what is wrong with it."""
    form = request.form
    rule: dict[str, Any] = {name: form.get(name, "*").strip() or "*" for name in MATCHED}
    rule |= {
        "RuleName": forms.required(form, "RuleName"),
        "Priority": forms.whole(form, "Priority", 1, 10_000),
        "FixedRate": forms.number(form, "Percent", 0, 100) / 100,
        "ReservoirSize": forms.whole(form, "ReservoirSize", 0, 1_000_000),
    }
    if endpoint := form.get("endpoint", "").strip():
        rule["HTTPMethod"], _, rule["URLPath"] = endpoint.partition(" ")
    if form.get("original"):
        if form["original"] == "Default":  # X-Ray takes no other change of this rule
            rule = {key: rule[key] for key in ("RuleName", "FixedRate", "ReservoirSize")}
        aws().ask("xray", "update_sampling_rule", SamplingRuleUpdate=rule)
    else:
        aws().ask("xray", "create_sampling_rule", SamplingRule={**rule, "Version": 1})
    return redirect(url_for("sampling.show"))


@routes.post("/sampling/delete")
def delete() -> Any:
    """Delete the rule that `RuleName` names."""
    aws().ask("xray", "delete_sampling_rule", RuleName=forms.required(request.form, "RuleName"))
    return redirect(url_for("sampling.show"))


def _endpoints() -> list[str]:
    """The endpoints of the newest traces: method and path with * in the place of ids."""
    now_s = time.time()
    newest, _ = newest_summaries(aws(), "", (now_s - ENDPOINTS_OF_S, now_s))
    names = {endpoint_of(summary) for summary in newest if http(summary, "HttpURL")}
    return sorted(re.sub(r"\{\w+\}", "*", name) for name in names)


def _changed_s(record: Mapping[str, Any]) -> float:
    when = record.get("ModifiedAt")
    return float(when.timestamp()) if when else 0.0
