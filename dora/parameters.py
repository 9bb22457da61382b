"""Where tools differ, and what this one does unless it is told otherwise; docs/dora.md compares them."""

from dataclasses import dataclass

COUNTS = ("all", "success")
HEADLINES = ("median", "mean")
LINKS = ("time", "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Times in seconds."""

    count: str = "all"  # deployments: all attempts that reached users, or those that succeeded
    headline: str = "median"
    link: str = "time"  # incidents by id and then by time, or by id only
    link_limit_s: float = 24 * 3600  # a deployment that is live for longer is not blamed by time
    flap_gap_s: float = 300  # an alarm that comes back sooner was not over; divided by a history's time scale
    shortest_incident_s: float = 0  # alarms that were over sooner are no incidents; divided likewise
