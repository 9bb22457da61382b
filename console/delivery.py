"""The history of a pipeline's deployments as `dora` judges it: read beside the request and kept for a minute.

An account with a year of deployments takes hundreds of questions, so a reading goes on in a thread while the
page says so, and what is over is asked for once in the life of this process.
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

from console.aws import Aws, is_aws_own
from console.errors import AwsError, explained
from dora.analysis import Analysis, analyse
from dora.errors import SourceError
from dora.readers import codecommit
from dora.readers.aws_api import Answers, Commits, gather, with_incidents
from dora.records import History

FRESH_S = 60.0
PATIENCE_S = 6.0  # a page waits so long, then it says that it reads
HORIZON_S = 200 * 86400.0  # the longest window, and enough before it to know what was live


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found at `at_s` (epoch seconds), and what could not be read beside it."""

    judged: Analysis
    at_s: float
    began_s: float | None  # the first deployment of the history
    problems: tuple[str, ...] = ()
    knows_all_commits: bool = False  # or of each execution the one that started it


@dataclass(slots=True)
class _Pipeline:
    """What is remembered of one: answers that can't change any more, and the last reading."""

    answers: Answers = field(default_factory=dict)
    commits: Commits = field(default_factory=dict)
    log: codecommit.Answers = field(default_factory=dict)
    newest: Reading | None = None
    running: Future[Reading] | None = None


class Delivery:
    """Readings by pipeline."""

    def __init__(self, aws: Aws, alarm_prefix: str, now: Callable[[], float] = time.time) -> None:
        self._aws, self._alarm_prefix, self._now = aws, alarm_prefix, now
        self._lock = threading.Lock()
        self._pipelines: dict[str, _Pipeline] = {}

    def reading(self, pipeline: str, patience_s: float = PATIENCE_S) -> Reading | None:
        """Not older than a minute, else the last there is; None while the first goes on. Raises AwsError."""
        with self._lock:
            one = self._pipelines.setdefault(pipeline, _Pipeline())
            if one.newest and self._now() - one.newest.at_s < FRESH_S:
                return one.newest
            running = one.running = one.running or self._aws.start(partial(self._read, pipeline, one))
        try:
            found = running.result(patience_s)
        except NotYet:
            return one.newest
        except AwsError:
            self._end(one, running, one.newest)
            raise
        self._end(one, running, found)
        return found

    def _end(self, one: _Pipeline, running: Future[Reading], newest: Reading | None) -> None:
        with self._lock:
            if one.running is running:
                one.running, one.newest = None, newest

    def _read(self, pipeline: str, one: _Pipeline) -> Reading:
        now_s, problems = self._now(), list[str]()
        history = _asked(partial(self._gather, pipeline, one, now_s - HORIZON_S))
        began_s = min((each.began_at for each in history.deployments), default=None)
        parts: dict[str, Callable[[History], History]] = {
            "The alarms' history": self._add_incidents,
            "Commits": partial(self._add_commits, pipeline, one.log),
        }
        for what, add in parts.items():
            try:
                history = _asked(partial(add, history))
            except AwsError as error:
                problems.append(f"{what} can't be read: {error.detail}")
        knows = any(each.knows_all_commits for each in history.deployments)
        return Reading(analyse(history), now_s, began_s, tuple(problems), knows)

    def _gather(self, pipeline: str, one: _Pipeline, since_s: float) -> History:
        clients = _Clients(self._aws)
        return gather(clients, pipeline, since=since_s, answers=one.answers, commits=one.commits)

    def _add_incidents(self, history: History) -> History:
        return with_incidents(history, self._aws.cloudwatch, self._alarm_prefix)

    def _add_commits(self, pipeline: str, log: codecommit.Answers, history: History) -> History:
        """What CodeCommit's log says, where the pipeline's source is there; no stand-in has its API."""
        if not is_aws_own(self._aws.codecommit.meta.endpoint_url):
            return history
        repository = _repository(self._aws.codepipeline.get_pipeline(name=pipeline)["pipeline"])
        if not repository:
            return history
        return codecommit.add_commits(history, repository, client=self._aws.codecommit, answers=log)


def _repository(declared: dict[str, Any]) -> str:
    """Of a pipeline whose source is CodeCommit, its name."""
    actions = [action for stage in declared.get("stages", ()) for action in stage.get("actions", ())]
    names = (
        str((action.get("configuration") or {}).get("RepositoryName", ""))
        for action in actions
        if action.get("actionTypeId", {}).get("provider") == "CodeCommit"
    )
    return next(names, "")


class _Clients:
    """This console's clients, as dora's reader asks for them."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def client(self, name: str) -> Any:
        """One of AWS's services."""
        return getattr(self._aws, name)


def _asked(ask: Callable[[], History]) -> History:
    try:
        return ask()
    except (BotoCoreError, ClientError) as error:
        raise explained(error) from error
    except SourceError as error:
        raise AwsError(str(error)) from error
