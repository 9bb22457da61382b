"""What the pages about the pipeline share: the choice of a pipeline, and the page without one."""

import time
from typing import Any

from flask import Flask, current_app, render_template, request

from console.logs.lines import log_groups
from console.pipeline import codepipeline
from console.pipeline.history import HistoryReader
from console.shared import filter_expressions
from console.shared.aws import Aws, attempt, aws
from console.shared.errors import AwsError, NotFound, Unreachable
from console.shared.pages import error_page
from console.shared.time_range import between
from dora import formatting, scorecards
from dora.classification import ClassifiedDeployment

AROUND_S = 5.0  # how far before a start and after an end traces and log lines are looked for
LIVE_MS = 3000  # how often a page refreshes itself while something runs
BUILD_GROUP = "build"  # the log group of builds, after the prefix of all log groups
SIGNS = {  # how a status of CodePipeline or CodeDeploy is drawn
    **dict.fromkeys(("Succeeded",), "ok"),
    **dict.fromkeys(("Failed", "TimedOut"), "fault"),
    **dict.fromkeys(("Stopping", "Stopped", "Superseded", "Cancelled", "Abandoned"), "error"),
    **dict.fromkeys(("InProgress", "Created", "Queued", "Baking", "Ready"), "running"),
}


def init_app(app: Flask) -> None:
    """Give the templates what pipeline/parts.html needs; AWS is asked only where they use it."""
    app.context_processor(
        lambda: {
            "signs": SIGNS,
            "version_filter": filter_expressions.version,
            "range_around": range_around,
            "is_rehearsal": is_rehearsal,
            "dora_looks": scorecards.LOOKS,
            "dora_reasons": formatting.reasons_and_repairs,
        }
    )


def is_rehearsal() -> bool:
    """Whether a stand-in, not AWS, answers for CodePipeline or CodeDeploy."""
    return any(aws().is_stand_in(service) for service in ("codepipeline", "codedeploy"))


def list_pipelines() -> tuple[list[str], str]:
    """Return the account's pipelines and ""; or none and why CodePipeline did not answer. Raises AwsError."""
    try:
        return codepipeline.pipeline_names(aws()), ""
    except AwsError as error:
        if isinstance(error, Unreachable) or is_rehearsal():
            return [], error.detail
        raise


def chosen_pipeline(pipelines: list[str]) -> str:
    """Return the pipeline that the request names, else the setting's, else the first; raises NotFound."""
    name = request.values.get("pipeline", "")
    if name and name not in pipelines:
        raise NotFound(f"There is no pipeline {name[:100]} here; there is {', '.join(pipelines)}.")
    default = current_app.extensions["settings"].pipeline
    return name or (default if default in pipelines else pipelines[0])


def dora_classes(pipeline: str) -> tuple[dict[str, ClassifiedDeployment], str]:
    """Return the DORA class of each deployment by id, of a reading of the last minute, and what went wrong.

    Until the first reading is complete there are none. No page classifies a deployment by itself.
    """
    reader: HistoryReader = current_app.extensions["history_reader"]
    try:
        reading = reader.reading(pipeline, patience_s=0)
    except AwsError as error:
        return {}, f"The history for the DORA class can't be read: {error.detail}"
    if reading is None:
        return {}, ""
    return reading.analysis.classified(), "; ".join(reading.problems)


def absent_page(problem: str) -> str:
    """Return the page that says what to do where there is no pipeline."""
    return render_template("pipeline/absent.html", problem=problem)


def unreachable_page(error: Unreachable) -> Any:
    """Return the same page when an endpoint stops answering; in answer to a form, the error."""
    return absent_page(error.detail) if request.method == "GET" else error_page(error)


def has_build_logs(client: Aws, prefix: str) -> bool:
    """Whether the builds have a log group, which the page of log lines can show."""
    groups, _ = attempt(lambda: log_groups(client, prefix + BUILD_GROUP), list[str])
    return prefix + BUILD_GROUP in groups


def range_around(start_s: float, end_s: float | None) -> dict[str, str]:
    """Return a link's arguments for the time from start to end (epoch seconds); without an end, until now."""
    return between(start_s - AROUND_S, (time.time() if end_s is None else end_s) + AROUND_S)
