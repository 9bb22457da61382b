"""Events of the source lantern.delivery: deployments and incidents that somebody reports (docs/dora.md)."""

from collections.abc import Mapping
from typing import Any

from dora import commit_messages
from dora.readers.aws_times import seconds
from dora.records import LISTED, STATUSES, Commit, Deployment, Incident

SOURCE = "lantern.delivery"
DEPLOYMENT, INCIDENT = "Deployment Record", "Incident Record"
NEVER = "never"  # as exposedAt: no user saw it


def deployment(detail: Mapping[str, Any], scale: float = 1.0, origin: str = "") -> Deployment:
    """The deployment of a `Deployment Record`. Raises ValueError naming the key that is wrong."""
    status = _text(detail, "status").lower()
    if status not in STATUSES:
        raise ValueError(f"status {status!r}: expected {', '.join(STATUSES)}")
    is_never_exposed = detail.get("exposedAt") == NEVER
    commits = tuple(_commit(commit) for commit in _list(detail, "commits"))
    rollback_of = str(detail.get("rollbackOf") or "")
    return Deployment(
        id=_text(detail, "deploymentId"),
        service=_text(detail, "service"),
        status=status,
        started_at=_instant(detail, "startedAt"),
        revision=str(detail.get("revision") or ""),
        triggered_at=_optional_instant(detail, "triggeredAt"),
        exposed_at=None if is_never_exposed else _optional_instant(detail, "exposedAt"),
        never_exposed=is_never_exposed,
        live_at=_optional_instant(detail, "liveAt"),
        ended_at=_optional_instant(detail, "endedAt"),
        restored_at=_optional_instant(detail, "restoredAt"),
        is_rollback=bool(detail.get("isRollback")) or bool(rollback_of),
        rollback_of=rollback_of,
        branch=str(detail.get("branch") or ""),
        error=str(detail.get("error") or ""),
        execution=str(detail.get("executionId") or ""),
        fixes=_texts(detail, "fixes"),
        incidents=_texts(detail, "incidents"),
        commits=commits,
        commits_are=LISTED if commits else "",
        scale=scale,
        origin=origin,
    )


def incident(detail: Mapping[str, Any], scale: float = 1.0, origin: str = "") -> Incident:
    """The incident of an `Incident Record`. Raises ValueError naming the key that is wrong."""
    return Incident(
        id=_text(detail, "incidentId"),
        service=_text(detail, "service"),
        opened_at=_instant(detail, "openedAt"),
        closed_at=_optional_instant(detail, "closedAt"),
        deployment=str(detail.get("deploymentId") or ""),
        title=str(detail.get("title") or ""),
        scale=scale,
        origin=origin,
    )


def _commit(detail: Any) -> Commit:
    if not isinstance(detail, Mapping):
        raise ValueError('commits: expected a list of {"sha", "committedAt", "message"}')
    return commit_messages.commit(
        _text(detail, "sha"), _instant(detail, "committedAt"), str(detail.get("message") or "")
    )


def _text(detail: Mapping[str, Any], key: str) -> str:
    value = detail.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key}: expected text, found {value!r}")
    return value


def _list(detail: Mapping[str, Any], key: str) -> list[Any]:
    value = detail.get(key) or []
    if not isinstance(value, list):
        raise ValueError(f"{key}: expected a list, found {type(value).__name__}")
    return value


def _texts(detail: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(str(name) for name in _list(detail, key))


def _instant(detail: Mapping[str, Any], key: str) -> float:
    try:
        return seconds(detail.get(key))
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


def _optional_instant(detail: Mapping[str, Any], key: str) -> float | None:
    return None if detail.get(key) in (None, "") else _instant(detail, key)
