"""What the metrics are computed from: deployments, commits and incidents. Times are epoch seconds, UTC."""

from dataclasses import dataclass
from typing import NamedTuple

RUNNING, SUCCEEDED, FAILED, STOPPED = "running", "succeeded", "failed", "stopped"
STATUSES = (RUNNING, SUCCEEDED, FAILED, STOPPED)
PUSHED = "(the time of its push: --git knows its own)"  # subject of a commit of which only that is known
BY_PUSH, BY_EXECUTION = "push", "execution"  # who told of a commit, where it was neither git nor a person


class Commit(NamedTuple):
    """One commit; what its message says (messages.py reads it) stands before `told_by`."""

    sha: str
    committed_at: float
    subject: str = ""
    fixes: tuple[str, ...] = ()  # deployments
    incidents: tuple[str, ...] = ()
    reverts: tuple[str, ...] = ()  # commits
    branch: str = ""  # that it merges
    told_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One attempt to bring a revision of one service to production, or the roll-back of one."""

    id: str
    service: str
    status: str
    started_at: float
    revision: str = ""
    triggered_at: float | None = None  # the pipeline began
    exposed_at: float | None = None  # first production traffic
    live_at: float | None = None  # all production traffic
    ended_at: float | None = None
    restored_at: float | None = None  # production fully on the version before it again
    build_s: float | None = None
    approval_s: float | None = None
    is_rollback: bool = False
    rollback_of: str = ""
    branch: str = ""
    error: str = ""
    execution: str = ""
    fixes: tuple[str, ...] = ()  # deployments that it repairs, said by hand
    incidents: tuple[str, ...] = ()  # incidents that it ends, said by hand
    commits: tuple[Commit, ...] = ()
    knows_all_commits: bool = (
        False  # they are all that it brought, and nothing that an attempt before it carried
    )
    knows_traffic: bool = True  # whether exposed_at, live_at and restored_at are more than a guess
    scale: float = 1.0  # simulated seconds that passed in a real one

    @property
    def is_delivered(self) -> bool:
        """All users had it, and the attempt itself did not take it back."""
        return self.live_at is not None and self.status not in (FAILED, STOPPED)

    @property
    def began_at(self) -> float:
        """When it was decided on: the pipeline's begin where it is known."""
        return self.started_at if self.triggered_at is None else self.triggered_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Production was not well. `alarm` names the alarm where one said so."""

    id: str
    service: str
    opened_at: float
    closed_at: float | None = None
    deployment: str = ""  # that caused it, said by hand
    title: str = ""
    source: str = "record"
    alarm: str = ""
    scale: float = 1.0


class Note(NamedTuple):
    """Something that a reader could not use, or had to assume."""

    source: str
    id: str
    reason: str
    is_about_traffic: bool = False  # a guess, of no interest once somebody knows


@dataclass(frozen=True, slots=True)
class History:
    """All that is known of some services, in any order."""

    deployments: tuple[Deployment, ...] = ()
    incidents: tuple[Incident, ...] = ()
    notes: tuple[Note, ...] = ()
    has_incident_source: bool = False  # whether anybody looked for incidents

    @property
    def scales(self) -> tuple[float, ...]:
        """Time scales other than real time, smallest first."""
        found = {one.scale for one in self.deployments} | {one.scale for one in self.incidents}
        return tuple(sorted(found - {1.0}))
