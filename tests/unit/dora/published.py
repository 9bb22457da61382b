"""What other tools' published cases are measured with: a figure over all services of a few records."""

from dora.analysis import Analysis, analyse
from dora.counting_rules import CountingRules
from dora.metrics import Figure, measure, pooled
from dora.records import LISTED, Commit, Deployment, History, Incident
from dora.times import DAY_S, instant
from dora.windows import Window

NO_LIMIT = {"link_limit_s": 1000.0 * DAY_S}  # of tools that blame the release before, however long ago
YEAR_2023 = Window(instant("2023-01-01T00:00:00Z"), instant("2024-01-01T00:00:00Z"))


def analysed(deployments, incidents=(), **rules) -> Analysis:
    return analyse(History(tuple(deployments), tuple(incidents)), CountingRules(**rules))


def figure(name, deployments, window, incidents=(), **rules) -> Figure:
    """A metric of all services together, which is not a mean of theirs."""
    analysis = analysed(deployments, incidents, **rules)
    return measure(pooled(analysis), window, analysis).figures[name]


def release(key, at, service="shop", commits=(), **fields) -> Deployment:
    """A release that all users had at once; `commits` are the times at which its commits were made."""
    return Deployment(
        id=key,
        service=service,
        status="succeeded",
        started_at=at,
        exposed_at=at,
        live_at=at,
        ended_at=at,
        commits=tuple(Commit(f"{key}/{n}", made_at) for n, made_at in enumerate(commits)),
        commits_are=LISTED,
        **fields,
    )


def bug(key, at, service="shop", **fields) -> Incident:
    """An incident that somebody reported."""
    return Incident(id=key, service=service, opened_at=at, **fields)
