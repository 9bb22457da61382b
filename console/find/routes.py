"""Leads from the question box to the page that answers."""

from typing import Any

from flask import Blueprint, redirect, request, url_for

from console.find.question import question_of
from console.pipeline import codepipeline, pages
from console.shared import filter_expressions
from console.shared.aws import aws
from console.shared.errors import AwsError

routes = Blueprint("find", __name__)
SHA_CHARACTERS = 7


@routes.get("/find")
def find() -> Any:
    """Redirect to the trace, deployment, commit or traces that the text `q` names."""
    question = question_of(request.args.get("q", ""))
    text = question.text
    if question.kind == "trace":
        return redirect(url_for("trace.show", text=text))
    if question.kind == "deployment":
        return redirect(url_for("deployment.show", number=text[2:]))
    if question.kind == "order":
        expression = filter_expressions.annotation("order_id", text)
        return redirect(url_for("traces.show", filter=expression, range="6h"))
    if question.kind == "commit":
        return redirect(_address_of_commit(text))
    return redirect(url_for("traces.show", filter=text or None))


def _address_of_commit(commit: str) -> str:
    """The execution that brought a commit; where the pipeline knows none, the traces of that version."""
    try:
        pipelines, _ = pages.list_pipelines()
        pipeline = pages.chosen_pipeline(pipelines) if pipelines else ""
        execution_id = codepipeline.execution_of_commit(aws(), pipeline, commit) if pipeline else ""
    except AwsError:
        execution_id = ""
    if execution_id:
        several = pipeline if len(pipelines) > 1 else None
        return url_for("execution.show", execution_id=execution_id, pipeline=several)
    version = commit[:SHA_CHARACTERS]
    return url_for("traces.show", filter=filter_expressions.version(version), range="6h")
