"""Commits between two live deployments by CodeCommit's GetCommit, as `git log` lists them."""

import heapq
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import replace
from typing import Any, TypedDict

from dora import commit_messages
from dora.errors import SourceError
from dora.readers import commit_ranges
from dora.records import Commit, History, Note
from dora.times import DAY_S

SOURCE = "codecommit"
SKEW_S = DAY_S  # the clock of a commit's author may be wrong by this
MOST_COMMITS = 500  # between two deployments; each is one call


class Answer(TypedDict):
    """The cached part of a commit, which never changes; `at` in epoch seconds."""

    at: float
    message: str
    parents: list[str]


Answers = MutableMapping[str, Answer]


def add_commits(history: History, repository: str, *, client: Any = None, answers: Answers) -> History:
    """The history with the commits of every live deployment; `answers` caches commits by hash.

    A repository or a commit that does not exist becomes a note; botocore's other errors are raised."""
    import boto3

    log = _Log(client or boto3.client("codecommit"), repository, answers)
    with_commits = commit_ranges.add_commits(history, log.between, SOURCE)
    if not log.is_absent:
        return with_commits
    reason = "there is no such repository in CodeCommit, so lead time knows only what events and records say"
    return replace(history, notes=(*history.notes, Note(SOURCE, repository, reason)))


class _Log:
    """The commits of one repository, asked for one by one."""

    def __init__(self, client: Any, repository: str, answers: Answers) -> None:
        self._client, self._repository, self._answers = client, repository, answers
        self.is_absent = False

    def between(self, before: str, this: str) -> Iterator[Commit]:
        """The commits that are reachable from `this` and not from `before`.

        Walks from both, newest first, until only commits that were live before are left."""
        is_new = {this: True, before: False}
        heap = [(-self._commit(sha)["at"], sha) for sha in is_new]
        heapq.heapify(heap)
        visited: dict[str, Answer] = {}
        oldest = float("inf")  # of the new commits
        while any(is_new[sha] for _, sha in heap) or (heap and -heap[0][0] >= oldest - SKEW_S):
            minus_at, sha = heapq.heappop(heap)
            if sha in visited:
                continue
            oldest = min(oldest, -minus_at) if is_new[sha] else oldest
            if len(visited) == MOST_COMMITS:
                raise SourceError(f"{before[:12]}..{this[:12]}: more than {MOST_COMMITS} commits")
            visited[sha] = self._commit(sha)
            for parent in visited[sha]["parents"]:
                is_new[parent] = is_new.get(parent, True) and is_new[sha]
                heapq.heappush(heap, (-self._commit(parent)["at"], parent))
        old = _with_parents([sha for sha in visited if not is_new[sha]], visited)
        for sha, commit in visited.items():
            if sha not in old:
                yield commit_messages.commit(sha, commit["at"], commit["message"])

    def _commit(self, sha: str) -> Answer:
        if sha not in self._answers:
            self._answers[sha] = self._get(sha)
        return self._answers[sha]

    def _get(self, sha: str) -> Answer:
        import botocore.exceptions

        if self.is_absent:
            raise SourceError("there is no repository")
        try:
            commit = self._client.get_commit(repositoryName=self._repository, commitId=sha)["commit"]
        except botocore.exceptions.ClientError as error:
            code = error.response["Error"].get("Code", "")
            self.is_absent = code == "RepositoryDoesNotExistException"
            if "DoesNotExist" not in code:
                raise
            raise SourceError(f"{self._repository} has no commit {sha[:12]}") from None
        return {
            "at": float(commit["committer"]["date"].split()[0]),  # "1484167798 -0800"
            "message": commit.get("message") or "",
            "parents": list(commit.get("parents") or []),
        }


def _with_parents(commits: list[str], visited: Mapping[str, Answer]) -> set[str]:
    """The commits and their ancestors: a wrong clock lets the walk meet a commit before its child."""
    closure: set[str] = set()
    while commits:
        sha = commits.pop()
        if sha in visited and sha not in closure:
            closure.add(sha)
            commits += visited[sha]["parents"]
    return closure
