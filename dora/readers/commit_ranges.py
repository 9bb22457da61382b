"""The commits between two live deployments of a service, from any repository that can list a range."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from dora.errors import SourceError
from dora.records import RANGE, Commit, Deployment, History, Note
from dora.timeline import timelines

Between = Callable[[str, str], Iterable[Commit]]


def add_commits(history: History, between: Between, source: str) -> History:
    """The history with the commits of every live deployment: `between(last live revision, its revision)`.

    A SourceError of `between` becomes a note of `source`."""
    notes: list[Note] = []
    ranges: dict[tuple[str, str], tuple[Commit, ...] | None] = {}
    listed: dict[str, tuple[Commit, ...]] = {}
    for line in timelines(history.deployments):
        before = ""
        for deployment in line.live:
            if deployment.revision and before:
                span = (before, deployment.revision)
                if span not in ranges:
                    ranges[span] = _commits_of(between, span, deployment, notes, source)
                commits = ranges[span]
                if commits is not None:
                    listed[deployment.id] = commits
            elif before and not deployment.commits:
                # made by hand: whether it has the waiting commits is known when a revision follows
                listed[deployment.id] = ()
            before = deployment.revision or before
    by_sha = {commit.sha: commit for commits in listed.values() for commit in commits}
    deployments = tuple(
        _with_commits(deployment, listed.get(deployment.id), by_sha) for deployment in history.deployments
    )
    return replace(history, deployments=deployments, notes=(*history.notes, *notes))


def _commits_of(
    between: Between, span: tuple[str, str], deployment: Deployment, notes: list[Note], source: str
) -> tuple[Commit, ...] | None:
    """None, and a note, where the repository can't list the range."""
    before, this = span
    if before == this:
        return ()
    if not (_is_hash(before) and _is_hash(this)):
        reason = f"{before}..{this}: a revision must be a commit's hash"
        notes.append(Note(source, deployment.id, reason))
        return None
    try:
        return tuple(between(before, this))
    except SourceError as error:
        notes.append(Note(source, deployment.id, str(error)))
        return None


def _is_hash(revision: str) -> bool:
    """Nothing else is passed on: a revision of an event must not become an option of git."""
    return 7 <= len(revision) <= 64 and all(letter in "0123456789abcdef" for letter in revision.lower())


def _with_commits(
    deployment: Deployment, listed: tuple[Commit, ...] | None, by_sha: dict[str, Commit]
) -> Deployment:
    """A repository knows the commits of a range and their own times; both take precedence."""
    if listed is not None:
        return replace(deployment, commits=listed, commits_are=RANGE)
    if not deployment.commits:
        return deployment
    return replace(deployment, commits=tuple(by_sha.get(commit.sha, commit) for commit in deployment.commits))
