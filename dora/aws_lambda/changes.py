"""What became of a deployment, told once when it changes: the log lines of the dashboard's timeline."""

from collections.abc import Iterator, Mapping
from typing import Any

LISTS = ("deployments", "caught_before_users")


def lines(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One for each deployment of report `now` that `before` has not, or has in another class."""
    known = {one["id"]: one["class"] for _, one in _deployments(before)}
    for service, one in sorted(_deployments(now), key=lambda pair: (pair[1]["at"], pair[1]["id"])):
        if known.get(one["id"]) != one["class"]:
            yield {
                "deployment": one["id"],
                "service": service,
                "class": one["class"],
                "at": one["at"],
                "revision": one["revision"][:12],
                "commits": len(one["commits"]),
                "why": "; ".join(one["reasons"]),
                "repairs": " ".join(
                    dict.fromkeys(sign["repairs"] for sign in one["rework"] if sign["repairs"])
                ),
            }


def _deployments(report: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for service, measured in report.get("services", {}).items():
        for name in LISTS:
            for one in measured.get(name, []):
                yield service, one
