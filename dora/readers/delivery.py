"""Our own envelope's details: what no AWS event says, such as when users first saw a deployment."""

from collections.abc import Mapping
from typing import Any

from dora import messages
from dora.readers.times import maybe, seconds
from dora.records import STATUSES, Commit, Deployment, Incident

SOURCE = "lantern.delivery"
DEPLOYMENT, INCIDENT = "Deployment Record", "Incident Record"


def deployment(detail: Mapping[str, Any], scale: float = 1.0) -> Deployment:
    """docs/dora.md lists the keys; raises ValueError naming the one that is wrong."""
    status = _text(detail, "status")
    if status not in STATUSES:
        raise ValueError(f"status {status!r}: expected {', '.join(STATUSES)}")
    rollback_of = str(detail.get("rollbackOf") or "")
    return Deployment(
        id=_text(detail, "deploymentId"),
        service=_text(detail, "service"),
        status=status,
        started_at=_instant(detail, "startedAt"),
        revision=str(detail.get("revision") or ""),
        triggered_at=_maybe(detail, "triggeredAt"),
        exposed_at=_maybe(detail, "exposedAt"),
        live_at=_maybe(detail, "liveAt"),
        ended_at=_maybe(detail, "endedAt"),
        restored_at=_maybe(detail, "restoredAt"),
        is_rollback=bool(detail.get("isRollback")) or bool(rollback_of),
        rollback_of=rollback_of,
        branch=str(detail.get("branch") or ""),
        error=str(detail.get("error") or ""),
        execution=str(detail.get("executionId") or ""),
        fixes=_texts(detail, "fixes"),
        incidents=_texts(detail, "incidents"),
        commits=tuple(_commit(one) for one in _list(detail, "commits")),
        scale=scale,
    )


def incident(detail: Mapping[str, Any], scale: float = 1.0) -> Incident:
    """Likewise."""
    return Incident(
        id=_text(detail, "incidentId"),
        service=_text(detail, "service"),
        opened_at=_instant(detail, "openedAt"),
        closed_at=_maybe(detail, "closedAt"),
        deployment=str(detail.get("deploymentId") or ""),
        title=str(detail.get("title") or ""),
        scale=scale,
    )


def _commit(given: Any) -> Commit:
    if not isinstance(given, Mapping):
        raise ValueError('commits: expected a list of {"sha", "committedAt", "message"}')
    return messages.commit(
        _text(given, "sha"), _instant(given, "committedAt"), str(given.get("message") or "")
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
    return tuple(str(one) for one in _list(detail, key))


def _instant(detail: Mapping[str, Any], key: str) -> float:
    try:
        return seconds(detail.get(key))
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


def _maybe(detail: Mapping[str, Any], key: str) -> float | None:
    try:
        return maybe(detail.get(key))
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None
