"""The history of a pipeline through AWS's APIs, read in one way for the command, console and functions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from dora.errors import SourceError
from dora.readers import aws_api, codecommit, root_causes
from dora.records import History

OWN_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
CODECOMMIT = "CodeCommit"


@dataclass(slots=True, kw_only=True)
class Caches:
    """AWS's answers that can't change any more, for whoever reads again."""

    deployments: aws_api.Answers = field(default_factory=dict)
    triggers: aws_api.Triggers = field(default_factory=dict)
    commits: codecommit.Answers = field(default_factory=dict)
    causes: root_causes.Answers = field(default_factory=dict)


class Problem(NamedTuple):
    """A source beside the deployments that could not be read, and why."""

    source: str
    error: Exception


def read(
    session: Any,
    pipeline: str,
    *,
    alarms: str = "",
    traces: bool = False,
    scale: float = 1.0,
    since: float | None = None,
    has_log: bool = False,
    caches: Caches | None = None,
) -> tuple[History, list[Problem]]:
    """A pipeline's deployments with their commits and, with a prefix `alarms`, the changes of those alarms.

    With `traces` X-Ray is asked in which service the requests of that time fault first.
    `session` makes boto3's clients. `since` (epoch seconds) leaves out deployments that were created before;
    `scale` is the time scale where no deployment tells it. With `has_log` somebody else has the commits, so
    none are asked for. Raises boto3's errors and SourceError where the deployments can't be read; what else
    can't be read is returned as problems."""
    caches = caches or Caches()
    history = aws_api.gather(
        session,
        pipeline,
        scale=scale,
        since=since,
        answers=caches.deployments,
        triggers=None if has_log else caches.triggers,
    )
    additions: dict[str, Callable[[History], History]] = {}
    if alarms:
        additions["The alarms' history"] = partial(_with_alarms, session, prefix=alarms, scale=scale)
    if alarms and traces:
        additions["The traces' root causes"] = partial(_with_root_causes, session, caches.causes)
    if not has_log:
        additions["The commits' log"] = partial(_with_commits, session, pipeline, caches.commits)
    return _added(history, additions)


def _added(
    history: History, additions: dict[str, Callable[[History], History]]
) -> tuple[History, list[Problem]]:
    import botocore.exceptions

    problems = []
    for source, add in additions.items():
        try:
            history = add(history)
        except (SourceError, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            problems.append(Problem(source, error))
    return history, problems


def _with_alarms(session: Any, history: History, *, prefix: str, scale: float) -> History:
    return aws_api.with_alarms(history, _client_beside_pipeline(session, "cloudwatch"), prefix, scale)


def _with_root_causes(session: Any, answers: root_causes.Answers, history: History) -> History:
    return root_causes.add(history, session.client("xray"), answers)


def _with_commits(session: Any, pipeline: str, answers: codecommit.Answers, history: History) -> History:
    """The history with CodeCommit's commits, if the pipeline's source is CodeCommit."""
    declared = session.client("codepipeline").get_pipeline(name=pipeline)["pipeline"]
    repository = _repository(declared)
    if not repository:
        return history
    client = _client_beside_pipeline(session, "codecommit")
    return codecommit.add_commits(history, repository, client=client, answers=answers)


def _repository(declared: dict[str, Any]) -> str:
    """The name of a pipeline's CodeCommit repository; "" where its source is another."""
    actions = [action for stage in declared.get("stages") or () for action in stage.get("actions") or ()]
    names = (
        str((action.get("configuration") or {}).get("RepositoryName", ""))
        for action in actions
        if (action.get("actionTypeId") or {}).get("provider") == CODECOMMIT
    )
    return next(names, "")


def _client_beside_pipeline(session: Any, service: str) -> Any:
    """A client of CodeCommit or of the alarms: who stands in for CodePipeline stands in for these two."""
    endpoint_url = session.client("codepipeline").meta.endpoint_url
    if (urlsplit(endpoint_url).hostname or "").endswith(OWN_DOMAINS):
        return session.client(service)
    return session.client(service, endpoint_url=endpoint_url)
