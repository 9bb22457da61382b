"""The rules on which DORA tools differ, with this package's defaults; docs/dora.md compares the tools."""

from dataclasses import dataclass

COUNTS = ("all", "success")
HEADLINES = ("median", "mean")
LINKS = ("time", "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingRules:
    """What counts as a deployment, and which incident belongs to which deployment. Times are seconds."""

    count: str = "all"  # "all": every attempt that reached users; "success": only attempts that succeeded
    headline: str = "median"  # which of median and mean a lead time or recovery time is reported as
    link: str = "time"  # incidents by the deployment id that they name, and then by time; or "id": by id only
    link_limit_s: float = 24 * 3600  # by time, no deployment that has been live for longer is blamed
    alarm_limit_s: float = 15 * 60  # likewise for an alarm; divided by a history's time scale
    hotfix_branches: tuple[str, ...] = ("hotfix/*",)  # patterns of branches whose deployments are rework
    flap_gap_s: float = 300  # an alarm that returns sooner was not over; divided by a history's time scale
    shortest_incident_s: float = 0  # shorter alarms are no incidents; divided by a history's time scale
