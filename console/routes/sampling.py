"""Sampling rules: see, make, change, delete."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from console import forms
from console.aws import attempt, aws

routes = Blueprint("sampling", __name__)
# What a rule may match on, as the API names it; "*" is anything
MATCHES = ("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN")
NEW = dict.fromkeys(MATCHES, "*") | {"RuleName": "", "Priority": 1000, "FixedRate": 0.05, "ReservoirSize": 1}


@routes.get("/sampling")
def show() -> str:
    """All rules by priority, with what they let through lately; `rule` opens one to change it."""
    records = list(aws().pages(aws().xray, "get_sampling_rules", "SamplingRuleRecords"))
    rules = sorted(
        (one["SamplingRule"] for one in records), key=lambda rule: (rule["Priority"], rule["RuleName"])
    )
    counted, problem = attempt(
        lambda: list(
            aws().pages(aws().xray, "get_sampling_statistic_summaries", "SamplingStatisticSummaries")
        ),
        list,
    )
    asked = request.args.get("rule", "")
    return render_template(
        "sampling.html",
        rules=rules,
        counted={one["RuleName"]: one for one in counted},
        problem=problem,
        edited=next((rule for rule in rules if rule["RuleName"] == asked), NEW),
        matches=MATCHES,
    )


@routes.post("/sampling")
def save() -> Any:
    """Make a rule, or change the one that `original` names; X-Ray says what it does not take."""
    form = request.form
    rule: dict[str, Any] = {name: form.get(name, "*").strip() or "*" for name in MATCHES}
    rule |= {
        "RuleName": forms.required(form, "RuleName"),
        "Priority": forms.whole(form, "Priority", 1, 10_000),
        "FixedRate": forms.number(form, "FixedRate", 0, 1),
        "ReservoirSize": forms.whole(form, "ReservoirSize", 0, 1_000_000),
    }
    if form.get("original"):
        if form["original"] == "Default":  # of the default rule only the rate and the reservoir can change
            rule = {key: rule[key] for key in ("RuleName", "FixedRate", "ReservoirSize")}
        aws().ask(aws().xray.update_sampling_rule, SamplingRuleUpdate=rule)
    else:
        aws().ask(aws().xray.create_sampling_rule, SamplingRule={**rule, "Version": 1})
    return redirect(url_for("sampling.show"))


@routes.post("/sampling/delete")
def delete() -> Any:
    """Delete the rule that `RuleName` names."""
    aws().ask(aws().xray.delete_sampling_rule, RuleName=forms.required(request.form, "RuleName"))
    return redirect(url_for("sampling.show"))
