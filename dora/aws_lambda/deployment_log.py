"""Log lines for the dashboard: one when a deployment is new or its class has changed."""

from collections.abc import Iterator, Mapping
from typing import Any

LISTS = ("deployments", "caught_before_users")


def lines(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A line for each deployment of the report `after` that `before` has not, or has in another class.

    Both are documents of json_report; `before` may be empty."""
    known = {deployment["id"]: deployment["class"] for _, deployment in _deployments(before)}
    ordered = sorted(_deployments(after), key=lambda pair: (pair[1]["at"], pair[1]["id"]))
    for service, deployment in ordered:
        if known.get(deployment["id"]) != deployment["class"]:
            repairs = dict.fromkeys(signal["repairs"] for signal in deployment["rework"])
            yield {
                "deployment": deployment["id"],
                "service": service,
                "class": deployment["class"],
                "at": deployment["at"],
                "revision": deployment["revision"][:12],
                "commits": len(deployment["commits"]),
                "why": "; ".join(deployment["reasons"]),
                "repairs": " ".join(filter(None, repairs)),
            }


def _deployments(report: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for service, measured in report.get("services", {}).items():
        for name in LISTS:
            for deployment in measured.get(name, []):
                yield service, deployment
