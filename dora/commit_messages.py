"""What a commit's message says about repairs: trailers, git's revert text, a merged branch."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from dora.records import Commit

TRAILER = re.compile(r"^(fixes-deployment|incident):[ \t]*(\S+)[ \t]*$", re.IGNORECASE | re.MULTILINE)
REVERT = re.compile(r"This reverts commit ([0-9a-f]{7,64})\b")
MERGE = re.compile(
    r"^Merge (?:remote-tracking )?branch '([^']+)'|^Merge pull request #\d+ from [^/\s]+/(\S+)"
)


class Signals(NamedTuple):
    """Deployments and incidents that a message names, hashes that it reverts, the branch that it merges."""

    fixes: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    reverts: tuple[str, ...] = ()
    branch: str = ""


NONE = Signals()


def signals(message: str) -> Signals:
    """Read the signals of one commit message."""
    if ":" not in message and "This reverts" not in message and not message.startswith("Merge "):
        return NONE
    trailers = [(name.lower(), value) for name, value in TRAILER.findall(message)]
    merge = MERGE.search(message)
    return Signals(
        tuple(value for name, value in trailers if name == "fixes-deployment"),
        tuple(value for name, value in trailers if name == "incident"),
        tuple(REVERT.findall(message)),
        (merge[1] or merge[2]) if merge else "",
    )


def commit(sha: str, committed_at: float, message: str = "") -> Commit:
    """A commit (`committed_at` in epoch seconds) with its subject and the signals of its message."""
    repair = signals(message)
    subject = message.partition("\n")[0][:120]
    return Commit(sha, committed_at, subject, repair.fixes, repair.incidents, repair.reverts, repair.branch)


def matches_branch(branch: str, patterns: Iterable[str]) -> bool:
    """Whether a branch, with or without refs/heads/ or a remote's name before it, matches a shell pattern."""
    return any(fnmatchcase(f"/{branch}", f"*/{pattern}") for pattern in patterns)
