"""Mistakes in records that only show once all sources are together."""

from dora.errors import InputError
from dora.records import History


def check(history: History) -> None:
    """Raises InputError for each roll-back in a file whose target no source has."""
    known = {deployment.id for deployment in history.deployments}
    unknown = [
        f"{rollback.origin}: {rollback.id} takes back {rollback.rollback_of}, and no source has a deployment "
        "of that id"
        for rollback in history.deployments
        if rollback.origin and rollback.rollback_of and rollback.rollback_of not in known
    ]
    if unknown:
        raise InputError(*unknown)
