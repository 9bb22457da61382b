"""The commits between two live deployments of a service, whoever knows them."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from dora.errors import SourceError
from dora.records import Commit, Deployment, History, Note
from dora.timeline import timelines

Between = Callable[[str, str], Iterable[Commit]]


def add_commits(history: History, between: Between, source: str) -> History:
    """Ask `between(last live, this)` for every live deployment; a SourceError becomes a note of `source`."""
    notes: list[Note] = []
    ranges: dict[tuple[str, str], tuple[Commit, ...] | None] = {}
    found: dict[str, tuple[Commit, ...]] = {}
    for line in timelines(history.deployments):
        before = ""
        for one in line.live:
            if one.revision and before:
                span = (before, one.revision)
                if span not in ranges:
                    ranges[span] = _ask(between, span, one, notes, source)
                known = ranges[span]
                if known is not None:
                    found[one.id] = known
            elif before and not one.commits:
                found[one.id] = ()  # made by hand: what waits may be in it or not, the next revision tells
            before = one.revision or before
    own = {commit.sha: commit for commits in found.values() for commit in commits}
    deployments = tuple(_with(one, found.get(one.id), own) for one in history.deployments)
    return replace(history, deployments=deployments, notes=(*history.notes, *notes))


def _ask(
    between: Between, span: tuple[str, str], one: Deployment, notes: list[Note], source: str
) -> tuple[Commit, ...] | None:
    """None, and a note, where the repository can't say."""
    before, this = span
    if before == this:
        return ()
    if not (_is_name(before) and _is_name(this)):
        notes.append(Note(source, one.id, f"{before}..{this}: a revision must be a commit's hash"))
        return None
    try:
        return tuple(between(before, this))
    except SourceError as error:
        notes.append(Note(source, one.id, str(error)))
        return None


def _is_name(revision: str) -> bool:
    """Only hashes: a revision of an event must not become an option of git."""
    return 7 <= len(revision) <= 64 and all(letter in "0123456789abcdef" for letter in revision.lower())


def _with(one: Deployment, known: tuple[Commit, ...] | None, own: dict[str, Commit]) -> Deployment:
    """A repository knows a commit's own time, and what is between two that were live; others give way."""
    if known is not None:
        return replace(one, commits=known, knows_all_commits=True)
    if not one.commits:
        return one
    return replace(one, commits=tuple(own.get(commit.sha, commit) for commit in one.commits))
