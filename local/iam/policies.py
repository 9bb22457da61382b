"""Whether policies allow a request, by AWS's evaluation logic within one account. Pure.

Elements, operators and keys that are not known here raise UnjudgedPolicy: nothing is allowed in silence.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from local.iam.conditions import UnjudgedPolicy, condition_holds, fill_in, glob
from local.iam.principals import Principal

ELEMENTS = {
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource"),
    "Condition",
}
Policy = Mapping[str, Any]
Context = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """A principal that asks for an action on a resource; `context` has condition keys in lower case.

    A key without values is one that this request does not have. A key that is missing is one that nobody
    here can tell.
    """

    principal: Principal
    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request is allowed; `reason` completes AWS's sentence about one that is not."""

    is_allowed: bool
    reason: str = ""


ALLOWED = Decision(True)


def evaluate(
    request: AccessRequest, identity_policies: Iterable[Policy], resource_policy: Policy | None = None
) -> Decision:
    """Decide by the principal's own policies and the resource's; both are of the same account.

    An explicit deny wins, then one allow is enough. Raises UnjudgedPolicy.
    """
    of_identity = [effect for policy in identity_policies for effect in _effects(policy, request)]
    of_resource = (
        [] if resource_policy is None else list(_effects(resource_policy, request, is_resource=True))
    )
    for kind, effects in (("identity", of_identity), ("resource", of_resource)):
        if "Deny" in effects:
            return Decision(False, f"with an explicit deny in {_article(kind)}-based policy")
    if "Allow" in of_identity or "Allow" in of_resource:
        return ALLOWED
    kind = "identity" if request.principal.is_role else "resource"
    return Decision(False, f"because no {kind}-based policy allows the {request.action} action")


def evaluate_trust(request: AccessRequest, trust_policy: Policy) -> Decision:
    """Decide on sts:AssumeRole by the role's trust policy, which has no Resource."""
    effects = list(_effects(trust_policy, request, is_resource=True, has_resource=False))
    if "Deny" in effects:
        return Decision(False, "with an explicit deny in a resource-based policy")
    if "Allow" in effects:
        return ALLOWED
    return Decision(False, f"because no resource-based policy allows the {request.action} action")


def denial(request: AccessRequest, decision: Decision) -> str:
    """Return AWS's sentence about a request that is not allowed."""
    return (
        f"User: {request.principal.arn} is not authorized to perform: {request.action} "
        f"on resource: {request.resource} {decision.reason}"
    )


def _article(kind: str) -> str:
    return f"{'an' if kind == 'identity' else 'a'} {kind}"


def _effects(
    policy: Policy, request: AccessRequest, *, is_resource: bool = False, has_resource: bool = True
) -> Iterator[str]:
    """The effect of each statement that applies to the request."""
    for statement in as_list(policy.get("Statement", [])):
        if unknown := sorted(statement.keys() - ELEMENTS):
            raise UnjudgedPolicy(f"a policy's element {unknown[0]} can't be judged here")
        if (
            (not is_resource or _is_for(statement, request.principal))
            and _names(statement, "Action", request.action.lower(), _action_pattern)
            and (
                not has_resource
                or _names(statement, "Resource", request.resource, _resource_pattern, request)
            )
            and condition_holds(statement.get("Condition", {}), request.context)
        ):
            yield statement["Effect"]


def _names(
    statement: Policy, element: str, value: str, pattern: Any, request: AccessRequest | None = None
) -> bool:
    """Whether the statement's Action or Resource, or the opposite element, applies to the value."""
    is_listed = element in statement
    if not is_listed and f"Not{element}" not in statement:
        raise UnjudgedPolicy(f"a policy's statement has no {element}")
    texts = as_list(statement[element if is_listed else f"Not{element}"])
    filled = (fill_in(text, request.context) if request else text for text in texts)
    return any(pattern(text).fullmatch(value) for text in filled) == is_listed


def _is_for(statement: Policy, principal: Principal) -> bool:
    if "NotPrincipal" in statement:
        raise UnjudgedPolicy("a policy's element NotPrincipal can't be judged here")
    named = statement.get("Principal", {})
    if named == "*":
        return True
    for kind, names in named.items():
        if kind not in ("AWS", "Service"):
            raise UnjudgedPolicy(f"a policy's Principal {kind} can't be judged here")
        if any(_is_named(principal, kind, name) for name in as_list(names)):
            return True
    return False


def _is_named(principal: Principal, kind: str, name: str) -> bool:
    """An account's principal alone is not enough: it leaves the decision to the account's own policies."""
    if kind == "Service":
        return not principal.is_role and principal.arn == name
    return name == "*" or (principal.is_role and name in (principal.arn, principal.role_arn))


def as_list(value: Any) -> list[Any]:
    """A policy may write one statement, action or resource without a list."""
    return list(value) if isinstance(value, list | tuple) else [value]


@lru_cache(maxsize=4096)
def _action_pattern(text: str) -> re.Pattern[str]:
    return glob(text.lower())


@lru_cache(maxsize=4096)
def _resource_pattern(text: str) -> re.Pattern[str]:
    """An ARN with fewer than six fields has `*` for those that it lacks."""
    fields = text.split(":")
    is_short = text.startswith("arn:") and len(fields) < 6
    return glob(":".join([*fields, *["*"] * (6 - len(fields))]) if is_short else text)
