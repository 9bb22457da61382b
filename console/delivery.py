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

from console.aws import Aws
from console.errors import AwsError, explained
from dora.errors import SourceError
from dora.judging import JudgedHistory, judge_history
from dora.readers.aws import Kept, gather, with_incidents
from dora.records import History

FRESH_S = 60.0
PATIENCE_S = 6.0  # a page waits so long, then it says that it reads
HORIZON_S = 200 * 86400.0  # the longest window, and enough before it to know what was live


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found at `at_s` (epoch seconds), and why alarms are missing where they are."""

    judged: JudgedHistory
    at_s: float
    began_s: float | None  # the first deployment of the history
    problem: str


@dataclass(slots=True)
class _Pipeline:
    kept: Kept = field(default_factory=Kept)
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
            running = one.running = one.running or self._aws.start(partial(self._read, pipeline, one.kept))
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

    def _read(self, pipeline: str, kept: Kept) -> Reading:
        now_s, clients = self._now(), _Clients(self._aws)
        history = _asked(partial(gather, clients, pipeline, since=now_s - HORIZON_S, commits=True, kept=kept))
        problem = ""
        try:
            history = _asked(partial(with_incidents, history, self._aws.cloudwatch, self._alarm_prefix))
        except AwsError as error:
            problem = error.detail
        began_s = min((one.began_at for one in history.deployments), default=None)
        return Reading(judge_history(history), now_s, began_s, problem)


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
