"""Groups: traces that a filter expression means, under a name."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from console import forms
from console.aws import aws

routes = Blueprint("groups", __name__)


@routes.get("/groups")
def show() -> str:
    """All groups; `group` opens one to change it."""
    found = list(aws().pages(aws().xray, "get_groups", "Groups"))
    asked = request.args.get("group", "")
    edited: dict[str, Any] = next((one for one in found if one.get("GroupName") == asked), {})
    return render_template("groups.html", groups=found, edited=edited)


@routes.post("/groups")
def save() -> Any:
    """Make a group, or change the one that `original` names; X-Ray says what it does not take."""
    expression = request.form.get("FilterExpression", "").strip()
    if request.form.get("original"):
        aws().ask(aws().xray.update_group, GroupName=request.form["original"], FilterExpression=expression)
    else:
        name = forms.required(request.form, "GroupName")
        aws().ask(aws().xray.create_group, GroupName=name, FilterExpression=expression)
    return redirect(url_for("groups.show"))


@routes.post("/groups/delete")
def delete() -> Any:
    """Delete the group that `GroupName` names."""
    aws().ask(aws().xray.delete_group, GroupName=forms.required(request.form, "GroupName"))
    return redirect(url_for("groups.show"))
