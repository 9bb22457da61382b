"""The history of a pipeline's deployments as `dora` analyses it, read in a thread and kept for a minute.

An account with a year of deployments takes hundreds of requests: while they go on, the page says so. What
can't change any more is asked for once in the life of this process.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from console.shared.aws import Aws
from console.shared.errors import AwsError, explained
from dora.analysis import Analysis, analyse
from dora.errors import SourceError
from dora.readers import codecommit
from dora.readers.aws_api import Answers, Commits, gather, with_alarms
from dora.records import RANGE, History

FRESH_S = 60.0
PATIENCE_S = 6.0  # how long a page waits for a reading before it says that one goes on
HORIZON_S = 200 * 86400.0  # the longest window, and enough before it to know what was live


@dataclass(frozen=True, slots=True)
class Reading:
    """The history as it was at `at_s` (epoch seconds), and what could not be read of it."""

    analysis: Analysis
    at_s: float
    began_s: float | None  # the first deployment of the history, epoch seconds
    problems: tuple[str, ...] = ()
    knows_all_commits: bool = False  # else of each execution the commit that started it


@dataclass(slots=True)
class _Cache:
    """What is kept of one pipeline: answers that can't change any more, and the last reading."""

    answers: Answers = field(default_factory=dict)
    commits: Commits = field(default_factory=dict)
    log: codecommit.Answers = field(default_factory=dict)
    newest: Reading | None = None
    running: Future[Reading] | None = None


class HistoryReader:
    """Reads the histories of pipelines, one reading of each at a time."""

    def __init__(self, aws: Aws, alarm_prefix: str, clock: Callable[[], float] = time.time) -> None:
        self._aws, self._alarm_prefix, self._clock = aws, alarm_prefix, clock
        self._lock = threading.Lock()
        self._pipelines: dict[str, _Cache] = {}

    def reading(self, pipeline: str, patience_s: float = PATIENCE_S) -> Reading | None:
        """Return a reading of the last minute, or while a new one goes on the last; None during the first.

        Raises AwsError.
        """
        with self._lock:
            cache = self._pipelines.setdefault(pipeline, _Cache())
            if cache.newest and self._clock() - cache.newest.at_s < FRESH_S:
                return cache.newest
            running = cache.running = cache.running or self._aws.start(partial(self._read, pipeline, cache))
        try:
            reading = running.result(patience_s)
        except NotYet:
            return cache.newest
        except AwsError:
            self._end(cache, running, cache.newest)
            raise
        self._end(cache, running, reading)
        return reading

    def _end(self, cache: _Cache, running: Future[Reading], newest: Reading | None) -> None:
        with self._lock:
            if cache.running is running:
                cache.running, cache.newest = None, newest

    def _read(self, pipeline: str, cache: _Cache) -> Reading:
        now_s, problems = self._clock(), list[str]()
        since_s, answers, commits = now_s - HORIZON_S, cache.answers, cache.commits
        history = _ask(partial(gather, self._aws, pipeline, since=since_s, answers=answers, commits=commits))
        began_s = min((deployment.began_at for deployment in history.deployments), default=None)
        additions: dict[str, Callable[[History], History]] = {
            "The alarms' history": self._add_incidents,
            "Commits": partial(self._add_commits, pipeline, cache.log),
        }
        for source, add in additions.items():
            try:
                history = _ask(partial(add, history))
            except AwsError as error:
                problems.append(f"{source} can't be read: {error.detail}")
        knows_all = any(deployment.commits_are == RANGE for deployment in history.deployments)
        return Reading(analyse(history), now_s, began_s, tuple(problems), knows_all)

    def _add_incidents(self, history: History) -> History:
        return with_alarms(history, self._aws.client("cloudwatch"), self._alarm_prefix)

    def _add_commits(self, pipeline: str, log: codecommit.Answers, history: History) -> History:
        """Add CodeCommit's log, if the pipeline's source is CodeCommit on AWS; no stand-in has its API."""
        if self._aws.is_stand_in("codecommit"):
            return history
        repository = _repository(self._aws.ask("codepipeline", "get_pipeline", name=pipeline)["pipeline"])
        if not repository:
            return history
        return codecommit.add_commits(history, repository, client=self._aws.client("codecommit"), answers=log)


def _repository(declared: dict[str, Any]) -> str:
    """The name of the pipeline's CodeCommit repository; "" for another source."""
    actions = [action for stage in declared.get("stages", ()) for action in stage.get("actions", ())]
    names = (
        str((action.get("configuration") or {}).get("RepositoryName", ""))
        for action in actions
        if action.get("actionTypeId", {}).get("provider") == "CodeCommit"
    )
    return next(names, "")


def _ask(read: Callable[[], History]) -> History:
    """Read, with every error as an AwsError."""
    try:
        return read()
    except (BotoCoreError, ClientError) as error:
        raise explained(error) from error
    except SourceError as error:
        raise AwsError(str(error)) from error
