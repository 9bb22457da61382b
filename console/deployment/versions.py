"""The versions on a deployment's two sides, blue (before) and green (new), and a trace of each to compare."""

from dataclasses import dataclass
from typing import Any

from console.pipeline.codedeploy import previous_deployment
from console.pipeline.codepipeline import executions_that_started, get_execution
from console.pipeline.deployments import Deployment
from console.pipeline.executions import Execution
from console.shared import filter_expressions
from console.shared.aws import Aws
from console.shared.errors import NotFound
from console.traces.summaries import Summary, http, newest_summaries

COMPARED = 50  # traces of each version, among which a pair of the same call is looked for


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


def newest_pair(
    aws: Aws, service: str, versions: dict[str, str], span: tuple[float, float]
) -> tuple[Summary, Summary]:
    """Return the newest traces of blue and green, of the same call if there is one; raises NotFound."""
    if len(versions) < 2:
        raise NotFound("The commits of both versions must be known for that; this deployment's are not.")
    traces: dict[str, list[Summary]] = {}
    for side, version in versions.items():
        expression = filter_expressions.version(version, service)
        traces[side], _ = newest_summaries(aws, expression, span, COMPARED)
    for side, summaries in traces.items():
        if not summaries:
            raise NotFound(f"There is no trace of {service} {versions[side]} ({side}) in that time.")
    return same_call(traces["blue"], traces["green"])


def same_call(blue: list[Summary], green: list[Summary]) -> tuple[Summary, Summary]:
    """Return the newest traces of the newest call of green that blue had too; else both sides' newest."""
    newest: dict[Any, Summary] = {}
    for summary in blue:
        newest.setdefault(_call(summary), summary)
    for summary in green:
        if _call(summary) in newest:
            return newest[_call(summary)], summary
    return blue[0], green[0]


def _call(summary: Summary) -> tuple[Any, Any]:
    return http(summary, "HttpMethod"), http(summary, "HttpURL")
