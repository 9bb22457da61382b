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

from botocore.exceptions import BotoCoreError, ClientError

from console.shared.aws import Aws
from console.shared.errors import AwsError, explained
from dora.analysis import Analysis, analyse
from dora.errors import SourceError
from dora.readers import pipeline_history

FRESH_S = 60.0
PATIENCE_S = 6.0  # how long a page waits for a reading before it says that one goes on
HORIZON_S = 200 * 86400.0  # the longest window, and enough before it to know what was live


@dataclass(frozen=True, slots=True)
class Reading:
    """The history as it was at `at_s` (epoch seconds), and what could not be read of it."""

    analysis: Analysis
    at_s: float
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Cache:
    """What is kept of one pipeline: answers that can't change any more, and the last reading."""

    answers: pipeline_history.Caches = field(default_factory=pipeline_history.Caches)
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
        now_s = self._clock()
        try:
            history, problems = pipeline_history.read(
                self._aws,
                pipeline,
                alarms=self._alarm_prefix,
                traces=True,
                since=now_s - HORIZON_S,
                caches=cache.answers,
            )
        except (BotoCoreError, ClientError) as error:
            raise explained(error) from error
        except SourceError as error:
            raise AwsError(str(error)) from error
        return Reading(analyse(history), now_s, tuple(map(_words, problems)))


def _words(problem: pipeline_history.Problem) -> str:
    error = problem.error
    is_aws_own = isinstance(error, BotoCoreError | ClientError)
    return f"{problem.source} can't be read: {explained(error).detail if is_aws_own else error}"
