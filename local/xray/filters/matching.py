"""Decides whether a filter expression matches a trace.

A keyword by itself is about the root segment (flags, response time, HTTP) or about anything in the trace
(annotations, users, names). Inside `service(…) { }` it is about one segment of that node, inside `edge(…) {
}` about one call as its caller recorded it.
https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any

from local.awsapi.account import ACCOUNT
from local.xray.filters.expressions import (
    And,
    Annotation,
    Compare,
    Complex,
    Expression,
    Flag,
    NodePattern,
    Not,
    Or,
)
from local.xray.root_causes import failure_root_causes, response_time_root_causes
from local.xray.segments import Document, as_mapping, descendants, duration_of, exceptions_of
from local.xray.status import STATUSES, status_of
from local.xray.summaries import http_of, places_of
from local.xray.traces import Call, Node, Trace, client_node_of, node_of

TEXT: dict[str, Callable[[str, str], bool]] = {
    "CONTAINS": lambda text, part: part in text,
    "BEGINSWITH": str.startswith,
    "ENDSWITH": str.endswith,
}
ORDER: dict[str, Callable[[Any, Any], Any]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
HTTP = {
    "http.url": "HttpURL",
    "http.method": "HttpMethod",
    "http.useragent": "UserAgent",
    "http.clientip": "ClientIp",
}

# the expression of a group by the group's name or ARN; None when there is no such group
Groups = Callable[[str], Expression | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The values of all keywords for one subject: a trace, a segment, a call or a part of a root cause."""

    status: str | None = None
    flags: frozenset[str] = frozenset()
    numbers: dict[str, float | None]
    texts: dict[str, tuple[str, ...]]
    annotated: tuple[Document, ...] = ()  # the entities whose annotations count
    source: tuple[Document, ...] = ()  # those of a call's caller
    destination: tuple[Document, ...] = ()  # those of what the call reached


def matches(expression: Expression, trace: Trace, groups: Groups) -> bool:
    """Whether the expression matches the trace. A group that does not exist matches nothing."""
    return _holds(expression, _trace_facts(trace), trace, groups)


def _holds(expression: Expression, facts: Facts, trace: Trace, groups: Groups) -> bool:
    match expression:
        case And(operands):
            return all(_holds(operand, facts, trace, groups) for operand in operands)
        case Or(operands):
            return any(_holds(operand, facts, trace, groups) for operand in operands)
        case Not(operand):
            return not _holds(operand, facts, trace, groups)
        case Flag(name, expected):
            is_set = facts.status == name if name in STATUSES else name in facts.flags
            return is_set is expected
        case Annotation():
            return _annotation_holds(expression, facts, trace.annotation_keys)
        case Compare("group.name" | "group.arn", operator, value):
            group = groups(str(value))
            is_member = group is not None and matches(group, trace, groups)
            return is_member is (operator != "!=")
        case Compare("rootcause.json", operator, value):
            lists = (failure_root_causes(trace, "error"), failure_root_causes(trace, "fault"))
            causes = (*lists, response_time_root_causes(trace))
            return any(_is_part(value or [{}], listed) for listed in causes) is (operator != "!=")
        case Compare():
            return _comparison_holds(expression, facts)
        case Complex(_, _, condition):
            subjects = _subjects(expression, trace)
            return any(condition is None or _holds(condition, subject, trace, groups) for subject in subjects)


def _annotation_holds(expression: Annotation, facts: Facts, keys: frozenset[str]) -> bool:
    sides = {"": facts.annotated, "source": facts.source, "destination": facts.destination}
    annotations = [as_mapping(entity.get("annotations")) for entity in sides[expression.side]]
    is_indexed = expression.key in keys
    values = [values[expression.key] for values in annotations if is_indexed and expression.key in values]
    if not expression.operator:
        return bool(values)
    return any(compare(value, expression.operator, expression.value) for value in values)


def _comparison_holds(expression: Compare, facts: Facts) -> bool:
    number = facts.numbers.get(expression.name)
    values: tuple[str | float, ...] = facts.texts.get(expression.name, ()) if number is None else (number,)
    if not expression.operator:
        return bool(values)
    return any(compare(value, expression.operator, expression.value) for value in values)


def compare(value: Any, operator: str, constant: Any) -> bool:
    """Whether `value operator constant` holds. Values of different kinds are unequal and have no order."""
    is_same_kind = _kind(value) is _kind(constant)
    if operator in ("=", "!="):
        return (is_same_kind and value == constant) is (operator == "=")
    if not is_same_kind or _kind(value) is object:
        return False
    operators = TEXT if isinstance(value, str) else ORDER
    return operator in operators and bool(operators[operator](value, constant))


def _is_part(part: Any, whole: Any) -> bool:
    """Whether JSON values are equal in all that `part` names; of a list it may leave out entries."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _is_part(value, whole[key]) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        remaining = iter(whole)  # those that are left: the order counts
        return all(any(_is_part(entry, other) for other in remaining) for entry in part)
    return type(part) is type(whole) and bool(part == whole)


def _kind(value: Any) -> type:
    if isinstance(value, bool | str):
        return type(value)
    return float if isinstance(value, int | float) else object


def _subjects(expression: Complex, trace: Trace) -> Iterator[Facts]:
    """The facts of everything in the trace that a complex keyword names."""
    nodes = expression.nodes or (NodePattern(),) * (2 if expression.name == "edge" else 1)
    if expression.name == "service":
        yield from _services(nodes[0], trace)
    elif expression.name == "edge":
        yield from _edges(nodes[0], nodes[1], trace)
    else:
        yield from _root_causes(expression.name, nodes[0], trace)


def _services(node: NodePattern, trace: Trace) -> Iterator[Facts]:
    for segment in (*trace.segments, *trace.inferred):
        if node_matches(node, node_of(segment)):
            yield _segment_facts(segment)
    for segment in trace.entry_segments:
        name, kind = client_node_of(segment)
        if node_matches(node, (name, kind)):
            yield Facts(numbers={}, texts={"name": (name,), "type": ("client",)})


def _edges(caller: NodePattern, callee: NodePattern, trace: Trace) -> Iterator[Facts]:
    for call in trace.calls:
        for target in call.targets:
            if (
                call.caller
                and node_matches(caller, node_of(call.caller))
                and node_matches(callee, node_of(target))
            ):
                yield _call_facts(call, call.caller, target)
    for segment in trace.entry_segments:
        if node_matches(caller, client_node_of(segment)) and node_matches(callee, node_of(segment)):
            yield _segment_facts(segment)


def node_matches(pattern: NodePattern, node: Node) -> bool:
    """Whether a node of the service map has the name, type and account that the pattern gives."""
    return (
        pattern.name in (None, node[0])
        and pattern.type in (None, node[1])
        and pattern.account in (None, ACCOUNT)
    )


def _root_causes(keyword: str, node: NodePattern, trace: Trace) -> Iterator[Facts]:
    """The services, entities or exceptions of the root causes that `rootcause.<kind>.<part>` is about."""
    _, kind, part = keyword.split(".")
    causes = response_time_root_causes(trace) if kind == "responsetime" else failure_root_causes(trace, kind)
    for services in (cause["Services"] for cause in causes):
        if part == "service":
            yield from _cause_facts(
                services, lambda service: node_matches(node, (service["Name"], service["Type"]))
            )
            continue
        for service in services:
            path = service["EntityPath"]
            if part == "entity":
                yield from _cause_facts(path, lambda entity: node.name in (None, entity["Name"]))
                continue
            for entity in path:
                yield from _cause_facts(entity.get("Exceptions", ()), lambda _: True)


def _cause_facts(
    parts: Sequence[dict[str, Any]], is_meant: Callable[[dict[str, Any]], bool]
) -> Iterator[Facts]:
    """The facts of those services, entities or exceptions of a path that `is_meant` selects."""
    for index, part in enumerate(parts):
        flags = {
            "first": index == 0,
            "last": index == len(parts) - 1,
            "remote": part.get("Remote"),
            "inferred": part.get("Inferred"),
        }
        messages = [part.get("Message"), *(e["Message"] for e in part.get("Exceptions", ()))]
        texts = {"name": [part["Name"]], "type": [part.get("Type")], "message": messages}
        if is_meant(part):
            yield Facts(
                flags=frozenset(name for name, is_set in flags.items() if is_set),
                numbers={"index": index, "coverage": part.get("Coverage")},
                texts={name: tuple(text for text in values if text) for name, values in texts.items()},
            )


def _trace_facts(trace: Trace) -> Facts:
    root = trace.root or {}
    nodes = [node_of(segment) for segment in (*trace.segments, *trace.inferred)]
    flags = {"partial": trace.is_partial, "inferred": bool(trace.inferred)}
    return Facts(
        status=status_of(root),
        flags=frozenset(name for name, is_set in flags.items() if is_set),
        numbers=_http_status(root) | {"duration": trace.duration_s, "responsetime": trace.response_time_s},
        texts=_request_texts(root)
        | places_of(trace.segments)
        | {
            "user": tuple(s["user"] for s in trace.segments if isinstance(s.get("user"), str)),
            "name": tuple(name for name, _ in nodes),
            "type": tuple(kind for _, kind in nodes if kind),
            "message": _messages(trace.all_entities),
            "account.id": (ACCOUNT,),
        },
        annotated=trace.all_entities,
    )


def _segment_facts(segment: Document) -> Facts:
    name, kind = node_of(segment)
    entities = (segment, *descendants(segment))
    flags = {
        "inferred": bool(segment.get("inferred")),
        "root": segment.get("parent_id") is None,
        "remote": kind == "remote",
    }
    return Facts(
        status=status_of(segment),
        flags=frozenset(name for name, is_set in flags.items() if is_set),
        numbers=_http_status(segment) | _times(segment),
        texts=_request_texts(segment)
        | places_of([segment])
        | {
            "user": (segment["user"],) if isinstance(segment.get("user"), str) else (),
            "name": (name,),
            "type": (kind,) if kind else (),
            "message": _messages(entities),
            "account.id": (ACCOUNT,),
        },
        annotated=entities,
    )


def _call_facts(call: Call, caller: Document, target: Document) -> Facts:
    subsegment = call.subsegment
    is_remote = subsegment.get("namespace") in ("aws", "remote")
    return Facts(
        status=status_of(subsegment),
        flags=frozenset({"remote"} if is_remote else ()),
        numbers=_http_status(subsegment) | _times(subsegment),
        texts=_request_texts(subsegment)
        | {"name": (str(subsegment["name"]),), "message": _messages((subsegment,))},
        annotated=(subsegment, *descendants(subsegment)),
        source=(caller, *descendants(caller)),
        destination=(target, *descendants(target)),
    )


def _times(entity: Document) -> dict[str, float | None]:
    took_s = duration_of(entity)
    rounded_s = None if took_s is None else round(took_s, 3)
    return {"responsetime": rounded_s, "duration": rounded_s}


def _http_status(entity: Document) -> dict[str, float | None]:
    return {"http.status": http_of(entity).get("HttpStatus")}


def _request_texts(entity: Document) -> dict[str, tuple[str, ...]]:
    """What a segment or call tells about its HTTP request."""
    http = http_of(entity)
    return {keyword: (http[name],) for keyword, name in HTTP.items() if name in http}


def _messages(entities: tuple[Document, ...]) -> tuple[str, ...]:
    """The messages of all exceptions of these entities."""
    messages = (exception.get("message") for entity in entities for exception in exceptions_of(entity))
    return tuple(message for message in messages if isinstance(message, str))
