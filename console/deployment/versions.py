"""The versions on a deployment's two sides, blue (before) and green (new), and a trace of each to compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from console.pipeline.codedeploy import previous_deployment
from console.pipeline.codepipeline import executions_that_started, get_execution
from console.pipeline.deployments import Deployment
from console.pipeline.executions import Execution
from console.shared import filter_expressions
from console.shared.aws import Aws
from console.shared.errors import NotFound
from console.traces.summaries import COLUMNS, Summary, endpoint_of, newest_summaries, summary_status

FEW = 5  # traces of an endpoint on each side, below which another endpoint is preferred


@dataclass(frozen=True, slots=True)
class Origins:
    """The executions that brought green and blue, as far as they are known."""

    green: Execution | None = None
    blue: Execution | None = None

    def versions(self) -> dict[str, str]:
        """Return the version of "blue" and of "green", as traces and log lines name it, where it is known."""
        executions = {"blue": self.blue, "green": self.green}
        return {
            side: execution.version
            for side, execution in executions.items()
            if execution and execution.version
        }


def origins_of(aws: Aws, pipeline: str, deployment: Deployment) -> Origins:
    """Return which executions brought blue and green; raises AwsError.

    A rollback's green is what the group ran before, its blue what it rolls back. Without a pipeline, or where
    its newest actions name no execution, nothing is known.
    """
    if not pipeline:
        return Origins()
    previous = previous_deployment(aws, deployment)
    new, before = deployment.rolls_back or deployment.id, previous.id if previous else ""
    execution_ids = executions_that_started(aws, pipeline, {new, before} - {""})
    executions = {
        deployment_id: get_execution(aws, pipeline, execution_ids[deployment_id])
        for deployment_id in (new, before)
        if deployment_id in execution_ids
    }
    if deployment.rolls_back:
        return Origins(green=executions.get(before), blue=executions.get(new))
    return Origins(green=executions.get(new), blue=executions.get(before))


@dataclass(frozen=True, slots=True)
class Pair:
    """A trace of blue and one of green at the same endpoint, and of how many each was chosen."""

    endpoint: str
    by: str  # "median" or "worst"
    traces: dict[str, Summary]  # by side
    counts: dict[str, int]  # traces of that endpoint by side, those answered by 4xx left out


def compared_pair(
    aws: Aws, service: str, versions: dict[str, str], span: tuple[float, float], by: str = ""
) -> Pair:
    """Return a trace of blue and of green that stand for their versions; raises NotFound."""
    if len(versions) < 2:
        raise NotFound("The commits of both versions must be known for that; this deployment's are not.")
    traces: dict[str, list[Summary]] = {}
    for side, version in versions.items():
        traces[side], _ = newest_summaries(aws, filter_expressions.version(version, service), span)
        if not traces[side]:
            raise NotFound(f"There is no trace of {service} {version} ({side}) in that time.")
    pair = pair_of(traces["blue"], traces["green"], by)
    if pair is None:
        raise NotFound(f"No endpoint of {service} had requests of both versions in that time (4xx left out).")
    return pair


def pair_of(blue: Sequence[Summary], green: Sequence[Summary], by: str = "") -> Pair | None:
    """Return a pair of the endpoint at which green differs most from blue; None where they share none.

    An endpoint where green fails more often comes first, else the one whose median grew most. `by` says which
    trace of each side: its "median" or its "worst" one; "" chooses the worst where green fails more often.
    """
    before, after = _by_endpoint(blue), _by_endpoint(green)
    shared = [endpoint for endpoint in after if endpoint in before]
    frequent = [name for name in shared if min(len(before[name]), len(after[name])) >= FEW] or shared
    if not frequent:
        return None
    endpoint = max(frequent, key=lambda name: _difference(before[name], after[name]))
    sides = {"blue": before[endpoint], "green": after[endpoint]}
    by = by or ("worst" if _difference(*sides.values())[0] > 0 else "median")
    chosen = {
        side: summaries[-1 if by == "worst" else (len(summaries) - 1) // 2]
        for side, summaries in sides.items()
    }
    return Pair(endpoint, by, chosen, {side: len(summaries) for side, summaries in sides.items()})


def _by_endpoint(summaries: Sequence[Summary]) -> dict[str, list[Summary]]:
    """The traces that no 4xx answered, by method and path; the worst, faults and then the slowest, last."""
    endpoints: dict[str, list[Summary]] = {}
    for summary in sorted(summaries, key=_badness):
        if summary_status(summary) in ("ok", "fault"):
            endpoints.setdefault(endpoint_of(summary), []).append(summary)
    return endpoints


def _difference(blue: Sequence[Summary], green: Sequence[Summary]) -> tuple[float, float]:
    """How much larger green's share of faults is, and its median response time in seconds."""
    return _fault_share(green) - _fault_share(blue), _median_s(green) - _median_s(blue)


def _fault_share(summaries: Sequence[Summary]) -> float:
    return sum(map(_is_fault, summaries)) / len(summaries)


def _median_s(summaries: Sequence[Summary]) -> float:
    return float(median(COLUMNS["response"](summary) for summary in summaries))


def _is_fault(summary: Summary) -> bool:
    return summary_status(summary) == "fault"


def _badness(summary: Summary) -> tuple[bool, float]:
    return _is_fault(summary), COLUMNS["response"](summary)
