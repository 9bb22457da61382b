"""Groups: a name for a filter expression. `Default` is always there and has none."""

import base64
import hashlib
import re
from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.configuration import Configuration, arn
from local.xray.expressions import Expression
from local.xray.filters import parse
from local.xray.matching import Everything

KIND = "group"
MAX_GROUPS = 25
DEFAULT = "Default"
NO_INSIGHTS = {"InsightsEnabled": False, "NotificationsEnabled": False}

Group = dict[str, Any]


class Groups:
    """https://docs.aws.amazon.com/xray/latest/devguide/xray-console-groups.html"""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration

    def all(self) -> list[Group]:
        """Default first, then by name."""
        own = self._configuration.all(KIND)
        default = own.pop(DEFAULT, None) or _group(DEFAULT, None, None)
        return [default, *own.values()]

    def create(self, name: str, expression: str | None, insights: Group | None) -> Group:
        """A new group. Raises InvalidRequestException, also for an expression that can't be read."""
        if not re.fullmatch(r"[A-Za-z0-9-]{1,32}", name):
            raise InvalidRequestException("GroupName must be 1 to 32 letters, digits and hyphens")
        if not expression:
            raise InvalidRequestException("Filter Expression is empty")
        if any(group["GroupName"] == name for group in self.all()):
            raise InvalidRequestException(f"{name} already exists")
        if len(self.all()) > MAX_GROUPS:
            raise InvalidRequestException(f"There can be {MAX_GROUPS} groups beside Default")
        parse(expression)
        return self._put(_group(name, expression, insights))

    def named(self, request: Group) -> Group:
        """The group that GroupName or GroupARN names, exactly one of which is given."""
        name, its_arn = request.get("GroupName"), request.get("GroupARN")
        if bool(name) == bool(its_arn):
            raise InvalidRequestException("Provide either GroupName or GroupARN")
        found = self.find(str(name or its_arn))
        if found is None:
            raise InvalidRequestException("Group not found.")
        return found

    def find(self, name_or_arn: str) -> Group | None:
        """The group of that name or ARN; None when there is none."""
        return next(
            (one for one in self.all() if name_or_arn in (one["GroupName"], one["GroupARN"])),
            None,
        )

    def update(self, request: Group) -> Group:
        """Change expression or insights; Default has no expression."""
        group, expression = self.named(request), request.get("FilterExpression")
        if expression is not None:
            if group["GroupName"] == DEFAULT:
                raise InvalidRequestException("The Default group has no filter expression")
            if not expression:
                raise InvalidRequestException("Filter Expression is empty")
            parse(expression)
            group["FilterExpression"] = expression
        group["InsightsConfiguration"] |= request.get("InsightsConfiguration") or {}
        return self._put(group)

    def delete(self, request: Group) -> None:
        """Remove a group; Default stays."""
        group = self.named(request)
        if group["GroupName"] == DEFAULT:
            raise InvalidRequestException("Default group cannot be deleted")
        self._configuration.delete(KIND, group["GroupName"])

    def expression(self, name_or_arn: str) -> Expression | None:
        """What its traces have in common; None when there is no such group."""
        group = self.find(name_or_arn)
        if group is None:
            return None
        return parse(group["FilterExpression"]) if group["FilterExpression"] else Everything

    def _put(self, group: Group) -> Group:
        self._configuration.put(KIND, group["GroupName"], group)
        return group


def _group(name: str, expression: str | None, insights: Group | None) -> Group:
    # AWS ends the ARN with 52 characters of its own; here they follow from the name
    suffix = base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()[:52]
    return {
        "GroupName": name,
        "GroupARN": arn(f"group/{name}" if name == DEFAULT else f"group/{name}/{suffix}"),
        "FilterExpression": expression,
        "InsightsConfiguration": {**NO_INSIGHTS, **(insights or {})},
    }
