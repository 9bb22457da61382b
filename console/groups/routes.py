"""X-Ray groups: a name for the traces that a filter expression matches."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from console.shared import forms
from console.shared.aws import aws

routes = Blueprint("groups", __name__)


@routes.get("/groups")
def show() -> str:
    """Show all groups; `group` opens the form to change a group."""
    groups = list(aws().pages("xray", "get_groups", "Groups"))
    name = request.args.get("group", "")
    edited: dict[str, Any] = next((group for group in groups if group.get("GroupName") == name), {})
    return render_template("groups/groups.html", groups=groups, edited=edited)


@routes.post("/groups")
def save() -> Any:
    """Create a group, or change the group that `original` names; X-Ray says what is wrong with it."""
    expression = request.form.get("FilterExpression", "").strip()
    if request.form.get("original"):
        aws().ask("xray", "update_group", GroupName=request.form["original"], FilterExpression=expression)
    else:
        name = forms.required(request.form, "GroupName")
        aws().ask("xray", "create_group", GroupName=name, FilterExpression=expression)
    return redirect(url_for("groups.show"))


@routes.post("/groups/delete")
def delete() -> Any:
    """Delete the group that `GroupName` names."""
    aws().ask("xray", "delete_group", GroupName=forms.required(request.form, "GroupName"))
    return redirect(url_for("groups.show"))
