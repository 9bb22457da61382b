"""What changes something: answer an approval, stop an execution, stop a deployment and roll it back."""

from typing import Any

from flask import Blueprint, redirect, request, url_for

from console import forms
from console.aws import aws
from console.errors import BadInput

routes = Blueprint("pipeline_changes", __name__)
ANSWERS = ("Approved", "Rejected")
COMMENT_CHARACTERS = 512  # PutApprovalResult's own bound
REASON_CHARACTERS = 200  # StopPipelineExecution's


@routes.post("/deployments/approval")
def approve() -> Any:
    """Approve or reject what waits, with a comment; the token says that it is still the same that waits."""
    form = request.form
    pipeline, execution = forms.required(form, "pipeline"), forms.required(form, "execution")
    answer, comment = forms.required(form, "answer"), form.get("comment", "").strip()
    if answer not in ANSWERS:
        raise BadInput(f"answer={answer!r}: expected {' or '.join(ANSWERS)}")
    if len(comment) > COMMENT_CHARACTERS:
        raise BadInput(f"comment: expected at most {COMMENT_CHARACTERS} characters, not {len(comment)}")
    aws().ask(
        aws().codepipeline.put_approval_result,
        pipelineName=pipeline,
        stageName=forms.required(form, "stage"),
        actionName=forms.required(form, "action"),
        token=forms.required(form, "token"),
        result={"status": answer, "summary": comment},
    )
    return redirect(url_for("deployments.show_execution", execution_id=execution, pipeline=pipeline))


@routes.post("/deployments/stop-execution")
def stop_execution() -> Any:
    """Stop after the actions that run, or abandon them."""
    form = request.form
    pipeline, execution = forms.required(form, "pipeline"), forms.required(form, "execution")
    reason = form.get("reason", "").strip()
    if len(reason) > REASON_CHARACTERS:
        raise BadInput(f"reason: expected at most {REASON_CHARACTERS} characters, not {len(reason)}")
    aws().ask(
        aws().codepipeline.stop_pipeline_execution,
        pipelineName=pipeline,
        pipelineExecutionId=execution,
        abandon=form.get("abandon") == "on",
        reason=reason or "Stopped in the console",
    )
    return redirect(url_for("deployments.show_execution", execution_id=execution, pipeline=pipeline))


@routes.post("/deployments/stop-deployment")
def stop_deployment() -> Any:
    """Stop a deployment and send production back to blue."""
    deployment = forms.required(request.form, "deployment")
    aws().ask(aws().codedeploy.stop_deployment, deploymentId=deployment, autoRollbackEnabled=True)
    return redirect(url_for("deployment.show", number=deployment.removeprefix("d-")))
