"""Groups: names for filter expressions. The group `Default` always exists and has no expression.

https://docs.aws.amazon.com/xray/latest/devguide/xray-console-groups.html
"""

import base64
import re
import secrets
from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.account import arn
from local.xray.configuration import Configuration
from local.xray.filters.expressions import EVERYTHING, Expression
from local.xray.filters.parser import parse

KIND = "group"
MAX_GROUPS = 25
DEFAULT = "Default"
NO_INSIGHTS = {"InsightsEnabled": False, "NotificationsEnabled": False}

Group = dict[str, Any]


class Groups:
    """Creates, finds, changes and deletes groups. Refuses with InvalidRequestException."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration

    def all(self) -> list[Group]:
        """Default first, the others by name."""
        groups = self._configuration.all(KIND)
        default = groups.pop(DEFAULT, None) or _group(DEFAULT, None, None)
        return [default, *groups.values()]

    def create(self, name: str, expression: str | None, insights: Group | None) -> Group:
        """Create a group with a filter expression and an InsightsConfiguration."""
        if not re.fullmatch(r"[A-Za-z0-9-]{1,32}", name):
            raise InvalidRequestException("GroupName must be 1 to 32 letters, digits and hyphens")
        text = _not_empty(expression)
        groups = self.all()
        if any(group["GroupName"] == name for group in groups):
            raise InvalidRequestException(f"{name} already exists")
        if len(groups) > MAX_GROUPS:
            raise InvalidRequestException(f"There can be {MAX_GROUPS} groups beside Default")
        parse(text)
        return self._put(_group(name, text, insights))

    def requested(self, request: Group) -> Group:
        """The group that a request names by exactly one of GroupName and GroupARN."""
        name, group_arn = request.get("GroupName"), request.get("GroupARN")
        if bool(name) == bool(group_arn):
            raise InvalidRequestException("Provide either GroupName or GroupARN")
        group = self._find(str(name or group_arn))
        if group is None:
            raise InvalidRequestException("Group not found")
        return group

    def requested_expression(self, request: Group) -> Expression:
        """The filter expression of the group that a request names; of Default when it names none."""
        expression = self.expression(request.get("GroupName") or request.get("GroupARN") or DEFAULT)
        if expression is None:
            raise InvalidRequestException("Group not found.")
        return expression

    def expression(self, name_or_arn: str) -> Expression | None:
        """The filter expression of the group with this name or ARN; None when there is no such group."""
        group = self._find(name_or_arn)
        if group is None:
            return None
        return parse(group["FilterExpression"]) if group["FilterExpression"] else EVERYTHING

    def update(self, request: Group) -> Group:
        """Change a group's expression and InsightsConfiguration; Default can have no expression.

        The service wants the expression even where only the InsightsConfiguration changes.
        """
        group, expression = self.requested(request), request.get("FilterExpression")
        if group["GroupName"] != DEFAULT:
            text = _not_empty(expression)
            parse(text)
            group["FilterExpression"] = text
        elif expression is not None:
            raise InvalidRequestException("The Default group has no filter expression")
        group["InsightsConfiguration"] |= request.get("InsightsConfiguration") or {}
        return self._put(group)

    def delete(self, request: Group) -> Group:
        """Delete a group, which Default can't be; returns the group as it was."""
        group = self.requested(request)
        if group["GroupName"] == DEFAULT:
            raise InvalidRequestException("Default group cannot be deleted")
        self._configuration.delete(KIND, group["GroupName"])
        return group

    def _find(self, name_or_arn: str) -> Group | None:
        matching = (g for g in self.all() if name_or_arn in (g["GroupName"], g["GroupARN"]))
        return next(matching, None)

    def _put(self, group: Group) -> Group:
        self._configuration.put(KIND, group["GroupName"], group)
        return group


def _not_empty(expression: str | None) -> str:
    if not expression or not expression.strip():
        raise InvalidRequestException("Filter Expression is empty")
    return expression


def _group(name: str, expression: str | None, insights: Group | None) -> Group:
    # a group that is created again has another ARN, and not the tags of the one before
    suffix = base64.b32encode(secrets.token_bytes(35)).decode()[:52]
    return {
        "GroupName": name,
        "GroupARN": arn(f"group/{name}" if name == DEFAULT else f"group/{name}/{suffix}"),
        "FilterExpression": expression,
        "InsightsConfiguration": {**NO_INSIGHTS, **(insights or {})},
    }
