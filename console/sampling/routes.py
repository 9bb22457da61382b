"""Sampling rules: list, create, change and delete them."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from console.shared import forms
from console.shared.aws import attempt, aws

routes = Blueprint("sampling", __name__)
# what a rule matches, as the API names it; "*" matches anything
MATCHED = ("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN")
NEW = dict.fromkeys(MATCHED, "*") | {"RuleName": "", "Priority": 1000, "FixedRate": 0.05, "ReservoirSize": 1}


@routes.get("/sampling")
def show() -> str:
    """Show all rules by priority with their latest statistics; `rule` opens the form to change a rule."""
    records = aws().pages("xray", "get_sampling_rules", "SamplingRuleRecords")
    rules = sorted(
        (record["SamplingRule"] for record in records), key=lambda rule: (rule["Priority"], rule["RuleName"])
    )
    statistics, problem = attempt(_statistics, list)
    name = request.args.get("rule", "")
    return render_template(
        "sampling/sampling.html",
        rules=rules,
        statistics={summary["RuleName"]: summary for summary in statistics},
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
        "FixedRate": forms.number(form, "FixedRate", 0, 1),
        "ReservoirSize": forms.whole(form, "ReservoirSize", 0, 1_000_000),
    }
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


def _statistics() -> list[Any]:
    operation, key = "get_sampling_statistic_summaries", "SamplingStatisticSummaries"
    return list(aws().pages("xray", operation, key))
