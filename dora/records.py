"""The records that metrics are computed from: deployments, commits and incidents. Times are epoch seconds."""

from dataclasses import dataclass, field
from typing import NamedTuple

RUNNING, SUCCEEDED, FAILED, STOPPED = "running", "succeeded", "failed", "stopped"
STATUSES = (RUNNING, SUCCEEDED, FAILED, STOPPED)
# What a deployment's commits are: listed by somebody; all between two live deployments, as a repository knows
# them; or the one commit that started the pipeline's execution
LISTED, RANGE, TRIGGER = "listed", "range", "trigger"
ALARMS, REPORTS, TRACES = "alarms", "reports", "traces"  # sources of incidents, and of what caused them
SAMPLE = "sample"  # the source of the note that marks made-up figures
BY_PUSH, BY_EXECUTION = "push", "execution"  # sources of a commit's time other than git and people
PUSHED = (
    "(the time of its push: --git knows its own)"  # the subject of a commit of which only the push is known
)


class Commit(NamedTuple):
    """A commit; commit_messages.py reads `fixes`, `incidents`, `reverts` and `branch` from its message."""

    sha: str
    committed_at: float
    subject: str = ""
    fixes: tuple[str, ...] = ()  # ids of deployments that it repairs
    incidents: tuple[str, ...] = ()  # ids of incidents that it ends
    reverts: tuple[str, ...] = ()  # hashes of commits that it takes back
    branch: str = ""  # the branch that it merges
    told_by: str = ""  # BY_PUSH or BY_EXECUTION where `committed_at` is not the committer's time


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """An attempt to bring a revision of one service to production, or the roll-back of one."""

    id: str
    service: str
    status: str
    started_at: float
    revision: str = ""
    triggered_at: float | None = None  # the pipeline execution began
    exposed_at: float | None = None  # the first production traffic
    live_at: float | None = None  # all production traffic
    ended_at: float | None = None
    restored_at: float | None = None  # all production traffic on the version before it again
    build_s: float | None = None
    approval_s: float | None = None
    is_rollback: bool = False
    rollback_of: str = ""
    branch: str = ""
    error: str = ""
    execution: str = ""
    fixes: tuple[str, ...] = ()  # ids of deployments that it repairs, as somebody recorded
    incidents: tuple[str, ...] = ()  # ids of incidents that it ends, as somebody recorded
    commits: tuple[Commit, ...] = ()
    commits_are: str = ""  # LISTED, RANGE or TRIGGER
    application: str = ""  # CodeDeploy's; two of them may have a deployment group of the same name
    never_exposed: bool = False  # no user saw it: known, and not merely not recorded
    knows_traffic: bool = True  # exposed_at, live_at and restored_at were observed, not inferred
    scale: float = 1.0  # simulated seconds that passed in a real one
    origin: str = field(default="", compare=False, repr=False)  # file and line

    @property
    def is_delivered(self) -> bool:
        """Whether all users got it, and the attempt itself did not take it back."""
        return self.live_at is not None and self.status not in (FAILED, STOPPED)

    @property
    def began_at(self) -> float:
        """When the pipeline execution began, where it is known; else when deploying began."""
        return self.started_at if self.triggered_at is None else self.triggered_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A time in which production was not well, reported by somebody or by an alarm."""

    id: str
    service: str
    opened_at: float
    closed_at: float | None = None
    deployment: str = ""  # the deployment that caused it, as somebody recorded
    title: str = ""
    source: str = "record"
    alarm: str = ""  # the alarm's name, where an alarm reported it
    root_cause: str = ""  # the service in which the traces of that time fault first
    scale: float = 1.0
    origin: str = field(default="", compare=False, repr=False)  # file and line


class AlarmChange(NamedTuple):
    """A state change of a CloudWatch alarm: its state from `at` on, and the state before it."""

    alarm: str
    at: float
    state: str
    before: str = ""
    before_at: float | None = None
    event: str = ""  # the event's id
    reason: str = ""
    scale: float = 1.0
    root_cause: str = ""  # of a change to ALARM, as Incident has it


class Note(NamedTuple):
    """A record that a reader could not use, or something that it had to assume."""

    source: str
    id: str
    reason: str
    is_about_traffic: bool = False  # an inferred exposure: dropped once another source knows


@dataclass(frozen=True, slots=True)
class History:
    """All records of some services, in any order."""

    deployments: tuple[Deployment, ...] = ()
    incidents: tuple[Incident, ...] = ()
    notes: tuple[Note, ...] = ()
    alarms: tuple[AlarmChange, ...] = ()
    incident_sources: frozenset[str] = frozenset()  # ALARMS, REPORTS, TRACES: what was read, even if empty

    @property
    def scales(self) -> tuple[float, ...]:
        """The time scales other than real time, smallest first."""
        scales = {deployment.scale for deployment in self.deployments}
        scales |= {incident.scale for incident in self.incidents} | {change.scale for change in self.alarms}
        return tuple(sorted(scales - {1.0}))


def by_opening(incident: Incident) -> tuple[float, str]:
    """The sort key that orders incidents by when they opened."""
    return incident.opened_at, incident.id
