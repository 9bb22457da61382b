"""One execution of the pipeline; answering its approvals and stopping it."""

from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from console.pipeline import pages
from console.pipeline.codepipeline import get_execution
from console.shared import forms
from console.shared.aws import aws
from console.shared.errors import BadInput, NotFound, Unreachable

routes = Blueprint("execution", __name__)
routes.register_error_handler(Unreachable, pages.unreachable_page)
ANSWERS = ("Approved", "Rejected")
COMMENT_CHARACTERS = 512  # PutApprovalResult's own bound
REASON_CHARACTERS = 200  # StopPipelineExecution's


@routes.get("/deployments/<execution_id>")
def show(execution_id: str) -> Any:
    """Show every action of an execution, its deployments, and forms to answer or stop it."""
    pipelines, problem = pages.list_pipelines()
    if not pipelines:
        return pages.absent_page(problem)
    pipeline, client = pages.chosen_pipeline(pipelines), aws()
    execution = get_execution(client, pipeline, execution_id)
    if execution is None:
        raise NotFound(f"Pipeline {pipeline} has no execution {execution_id[:80]}.")
    return render_template(
        "execution/execution.html",
        pipeline=pipeline,
        execution=execution,
        has_build_logs=pages.has_build_logs(client, current_app.extensions["settings"].log_group_prefix),
        live_ms=pages.LIVE_MS if execution.is_running else 0,
    )


@routes.post("/deployments/approval")
def approve() -> Any:
    """Approve or reject an approval, with a comment; its token says that it is still the same approval."""
    form = request.form
    pipeline, execution = forms.required(form, "pipeline"), forms.required(form, "execution")
    answer, comment = forms.required(form, "answer"), forms.text(form, "comment", COMMENT_CHARACTERS)
    if answer not in ANSWERS:
        raise BadInput(f"answer={answer!r}: expected {' or '.join(ANSWERS)}")
    aws().ask(
        "codepipeline",
        "put_approval_result",
        pipelineName=pipeline,
        stageName=forms.required(form, "stage"),
        actionName=forms.required(form, "action"),
        token=forms.required(form, "token"),
        result={"status": answer, "summary": comment},
    )
    return redirect(url_for("execution.show", execution_id=execution, pipeline=pipeline))


@routes.post("/deployments/stop-execution")
def stop() -> Any:
    """Stop an execution after its running actions, or abandon those."""
    form = request.form
    pipeline, execution = forms.required(form, "pipeline"), forms.required(form, "execution")
    aws().ask(
        "codepipeline",
        "stop_pipeline_execution",
        pipelineName=pipeline,
        pipelineExecutionId=execution,
        abandon=form.get("abandon") == "on",
        reason=forms.text(form, "reason", REASON_CHARACTERS) or "Stopped in the console",
    )
    return redirect(url_for("execution.show", execution_id=execution, pipeline=pipeline))
