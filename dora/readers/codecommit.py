"""Commits between two live deployments by CodeCommit's GetCommit: what `git log <last live>..<this>` does."""

import heapq
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import replace
from typing import Any, TypedDict

from dora import messages
from dora.errors import SourceError
from dora.readers import ranges
from dora.records import Commit, History, Note
from dora.windows import DAY_S

SOURCE = "codecommit"
SKEW_S = DAY_S  # a commit's clock may be wrong by so much
MOST_COMMITS = 500  # between two deployments; each is one call


class Answer(TypedDict):
    """What is kept of a commit; it never changes."""

    at: float
    message: str
    parents: list[str]


Answers = MutableMapping[str, Answer]


def add_commits(history: History, repository: str, *, client: Any = None, answers: Answers) -> History:
    """For every live deployment; what `answers` has is not asked again, and what was asked is added to it.

    A repository or commit that is not there becomes a note; botocore's other errors are the caller's."""
    import boto3

    log = _Log(client or boto3.client("codecommit"), repository, answers)
    found = ranges.add_commits(history, log.between, SOURCE)
    if not log.is_absent:
        return found
    reason = "there is no such repository in CodeCommit, so lead time knows only what events and records say"
    return replace(history, notes=(*history.notes, Note(SOURCE, repository, reason)))


class _Log:
    def __init__(self, client: Any, repository: str, answers: Answers) -> None:
        self._client, self._repository, self._answers = client, repository, answers
        self.is_absent = False

    def between(self, before: str, this: str) -> Iterator[Commit]:
        """Newest first from both ends at once, until only commits that were live before are left."""
        is_new = {this: True, before: False}
        heap = [(-self._commit(sha)["at"], sha) for sha in is_new]
        heapq.heapify(heap)
        seen: dict[str, Answer] = {}
        oldest = float("inf")  # of the new ones
        while any(is_new[sha] for _, sha in heap) or (heap and -heap[0][0] >= oldest - SKEW_S):
            minus_at, sha = heapq.heappop(heap)
            if sha in seen:
                continue
            oldest = min(oldest, -minus_at) if is_new[sha] else oldest
            if len(seen) == MOST_COMMITS:
                raise SourceError(f"{before[:12]}..{this[:12]}: more than {MOST_COMMITS} commits")
            seen[sha] = self._commit(sha)
            for parent in seen[sha]["parents"]:
                is_new[parent] = is_new.get(parent, True) and is_new[sha]
                heapq.heappush(heap, (-self._commit(parent)["at"], parent))
        old = _with_parents([sha for sha in seen if not is_new[sha]], seen)
        for sha, commit in seen.items():
            if sha not in old:
                yield messages.commit(sha, commit["at"], commit["message"])

    def _commit(self, sha: str) -> Answer:
        if sha not in self._answers:
            self._answers[sha] = self._ask(sha)
        return self._answers[sha]

    def _ask(self, sha: str) -> Answer:
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


def _with_parents(commits: list[str], seen: Mapping[str, Answer]) -> set[str]:
    """A clock that was wrong lets a commit be met before its child tells that it is an old one."""
    found: set[str] = set()
    while commits:
        sha = commits.pop()
        if sha in seen and sha not in found:
            found.add(sha)
            commits += seen[sha]["parents"]
    return found
