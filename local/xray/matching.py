"""Whether a trace is one that a filter expression asks for.

A keyword by itself is about the root segment (flags, response time, HTTP) or about anything in the trace
(annotations, users, names); inside `service(…) { }` it is about one segment of that node, inside
`edge(…) { }` about one call as its caller saw it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any

from local.xray.expressions import And, Annotation, Compare, Complex, Expression, Flag, Not, Or, Who
from local.xray.root_causes import failures, slowness
from local.xray.segments import Document, as_mapping, end_of, subsegments
from local.xray.statistics import outcome
from local.xray.traces import Call, Trace, node_of

ACCOUNT = "111122223333"
TEXT: dict[str, Callable[[str, str], bool]] = {
    "CONTAINS": lambda found, wanted: wanted in found,
    "BEGINSWITH": str.startswith,
    "ENDSWITH": str.endswith,
}
ORDER: dict[str, Callable[[Any, Any], Any]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
HTTP = {
    "http.url": "url",
    "http.method": "method",
    "http.useragent": "user_agent",
    "http.clientip": "client_ip",
}

Groups = Callable[
    [str], Expression | None
]  # a group's expression by its name or ARN; None: there is no such group
Everything = And(())  # what the group Default has


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What keywords may ask of one thing: a trace, a segment, a call, an entity of a root cause."""

    outcome: str | None = None
    flags: frozenset[str] = frozenset()
    numbers: dict[str, float | None]
    texts: dict[str, tuple[str, ...]]
    annotations: tuple[Document, ...] = ()
    source: tuple[Document, ...] = ()
    destination: tuple[Document, ...] = ()


def matches(expression: Expression, trace: Trace, groups: Groups) -> bool:
    """Whether `trace` is meant; raises KeyError for a group that is not there."""
    return _holds(expression, _of_trace(trace), trace, groups)


def _holds(expression: Expression, facts: Facts, trace: Trace, groups: Groups) -> bool:
    match expression:
        case And(parts):
            return all(_holds(part, facts, trace, groups) for part in parts)
        case Or(parts):
            return any(_holds(part, facts, trace, groups) for part in parts)
        case Not(inner):
            return not _holds(inner, facts, trace, groups)
        case Flag(name, wanted):
            return _flag(name, facts) is wanted
        case Annotation():
            return _annotated(expression, facts)
        case Compare():
            return _compared(expression, facts, trace, groups)
        case Complex(_, _, inner):
            found = _there(expression, trace)
            return any(inner is None or _holds(inner, one, trace, groups) for one in found)


def _flag(name: str, facts: Facts) -> bool:
    return facts.outcome == name if name in ("ok", "error", "fault", "throttle") else name in facts.flags


def _annotated(asked: Annotation, facts: Facts) -> bool:
    places = {"": facts.annotations, "source": facts.source, "destination": facts.destination}[asked.side]
    values = [
        found[asked.key] for entity in places if asked.key in (found := as_mapping(entity.get("annotations")))
    ]
    if not asked.operator:
        return bool(values)
    return any(compare(value, asked.operator, asked.value) for value in values)


def _compared(asked: Compare, facts: Facts, trace: Trace, groups: Groups) -> bool:
    if asked.name in ("group.name", "group.arn"):
        group = groups(str(asked.value))
        inside = group is not None and matches(group, trace, groups)
        return inside is (asked.operator != "!=")
    if asked.name in facts.numbers:
        number = facts.numbers[asked.name]
        return number is not None and (not asked.operator or compare(number, asked.operator, asked.value))
    texts = facts.texts.get(asked.name, ())
    if not asked.operator:
        return bool(texts)
    return any(compare(text, asked.operator, asked.value) for text in texts)


def compare(found: Any, operator: str, wanted: Any) -> bool:
    """`found operator wanted`; things of different kinds differ and have no order."""
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    same_kind = (
        is_number == (isinstance(wanted, int | float) and not isinstance(wanted, bool))
        and isinstance(found, bool) == isinstance(wanted, bool)
        and isinstance(found, str) == isinstance(wanted, str)
    )
    if operator in ("=", "!="):
        return (same_kind and found == wanted) is (operator == "=")
    if not same_kind:
        return False
    if isinstance(found, str):
        return bool(TEXT[operator](found, wanted)) if operator in TEXT else False
    return bool(ORDER[operator](found, wanted)) if operator in ORDER else False


def _there(asked: Complex, trace: Trace) -> Iterator[Facts]:
    """What a complex keyword names in this trace."""
    who = asked.who or (Who(),) * (2 if asked.name == "edge" else 1)
    if asked.name == "service":
        for document in (*trace.segments, *trace.inferred):
            if is_meant(who[0], node_of(document)):
                yield _of_segment(document)
        for root in (one for one in trace.segments if one.get("parent_id") is None):
            if is_meant(who[0], (str(root["name"]), "client")):
                yield Facts(numbers={}, texts={"name": (str(root["name"]),), "type": ("client",)})
    elif asked.name == "edge":
        yield from _edges(who, trace)
    else:
        yield from _causes(asked.name, who[0], trace)


def _edges(who: tuple[Who, ...], trace: Trace) -> Iterator[Facts]:
    for call in trace.calls:
        callees = call.callees or ((call.inferred,) if call.inferred else ())
        for callee in callees:
            if is_meant(who[0], node_of(call.caller)) and is_meant(who[1], node_of(callee)):
                yield _of_call(call, callee)
    for root in (one for one in trace.segments if one.get("parent_id") is None):
        if is_meant(who[0], (str(root["name"]), "client")) and is_meant(who[1], node_of(root)):
            yield _of_segment(root)


def is_meant(who: Who, node: tuple[str, str | None]) -> bool:
    """Whether `who` may be this node; what it leaves open may be anything."""
    return (
        (who.name is None or who.name == node[0])
        and (who.type is None or who.type == node[1])
        and (who.account is None or who.account == ACCOUNT)
    )


def _causes(keyword: str, who: Who, trace: Trace) -> Iterator[Facts]:
    """rootcause.<kind>.<part>: the services, entities or exceptions on the ways to the cause."""
    _, kind, part = keyword.split(".")
    ways = slowness(trace) if kind == "responsetime" else failures(trace, kind)
    for service in (service for way in ways for service in way["Services"]):
        if part == "service" and is_meant(who, (service["Name"], service["Type"])):
            flags = frozenset({"inferred"} if service["Inferred"] else ())
            kinds = (service["Type"],) if service["Type"] else ()
            yield Facts(flags=flags, numbers={}, texts={"name": (service["Name"],), "type": kinds})
        for index, entity in enumerate(service["EntityPath"] if part != "service" else ()):
            exceptions = entity.get("Exceptions", ())
            if part == "exception":
                for one in exceptions:
                    yield Facts(numbers={}, texts={"name": (one["Name"],), "message": (one["Message"],)})
            elif who.name in (None, entity["Name"]):
                places = {
                    "first": index == 0,
                    "last": entity is service["EntityPath"][-1],
                    "remote": entity["Remote"],
                }
                yield Facts(
                    flags=frozenset(name for name, there in places.items() if there),
                    numbers={"index": index, "coverage": entity.get("Coverage")},
                    texts={
                        "name": (entity["Name"],),
                        "message": tuple(one["Message"] for one in exceptions),
                    },
                )


def _of_trace(trace: Trace) -> Facts:
    root = trace.root
    start_s, end_s = trace.span()
    nodes = [node_of(document) for document in (*trace.segments, *trace.inferred)]
    flags = {"partial"} if trace.is_partial else set()
    flags |= {"inferred"} if trace.inferred else set()
    numbers = {"duration": round(end_s - start_s, 3) if end_s is not None else None}
    numbers["responsetime"] = _response_s(root) if end_s is not None else None
    return Facts(
        outcome=outcome(root) if root else "ok",
        flags=frozenset(flags),
        numbers=numbers | _status(root),
        texts=_texts(root)
        | {
            "user": tuple(s["user"] for s in trace.segments if isinstance(s.get("user"), str)),
            "name": tuple(name for name, _ in nodes),
            "type": tuple(kind for _, kind in nodes if kind),
            "message": tuple(message for entity in trace.entities for message in _messages(entity)),
            "account.id": (ACCOUNT,),
        },
        annotations=trace.entities,
    )


def _of_segment(segment: Document) -> Facts:
    name, kind = node_of(segment)
    entities = (segment, *subsegments(segment))
    flags = {"inferred"} if segment.get("inferred") else set()
    flags |= {"root"} if segment.get("parent_id") is None else set()
    flags |= {"remote"} if kind == "remote" else set()
    return Facts(
        outcome=outcome(segment),
        flags=frozenset(flags),
        numbers={"responsetime": _response_s(segment), "duration": _response_s(segment)} | _status(segment),
        texts=_texts(segment)
        | {
            "user": (segment["user"],) if isinstance(segment.get("user"), str) else (),
            "name": (name,),
            "type": (kind,) if kind else (),
            "message": tuple(message for entity in entities for message in _messages(entity)),
            "account.id": (ACCOUNT,),
        },
        annotations=entities,
    )


def _of_call(call: Call, callee: Document) -> Facts:
    own = call.subsegment
    return Facts(
        outcome=outcome(own),
        flags=frozenset({"remote"} if own.get("namespace") in ("aws", "remote") else ()),
        numbers={"responsetime": _response_s(own), "duration": _response_s(own)} | _status(own),
        texts=_texts(own) | {"name": (str(own["name"]),), "message": tuple(_messages(own))},
        annotations=(own, *subsegments(own)),
        source=(call.caller, *subsegments(call.caller)),
        destination=(callee, *subsegments(callee)),
    )


def _response_s(entity: Document | None) -> float | None:
    end = end_of(entity) if entity else None
    return round(end - float(entity["start_time"]), 3) if entity and end is not None else None


def _status(entity: Document | None) -> dict[str, float | None]:
    response = as_mapping(as_mapping((entity or {}).get("http")).get("response"))
    status = response.get("status")
    return {"http.status": status if isinstance(status, int) and not isinstance(status, bool) else None}


def _texts(entity: Document | None) -> dict[str, tuple[str, ...]]:
    """What is about a segment's request and place."""
    request = as_mapping(as_mapping((entity or {}).get("http")).get("request"))
    aws = as_mapping((entity or {}).get("aws"))
    ec2 = as_mapping(aws.get("ec2"))
    found = {keyword: request.get(field) for keyword, field in HTTP.items()} | {
        "availabilityzone": ec2.get("availability_zone"),
        "instance.id": ec2.get("instance_id"),
        "resource.arn": (entity or {}).get("resource_arn"),
    }
    return {keyword: (value,) if isinstance(value, str) else () for keyword, value in found.items()}


def _messages(entity: Document) -> Iterator[str]:
    exceptions = as_mapping(entity.get("cause")).get("exceptions")
    for one in exceptions if isinstance(exceptions, list) else ():
        if isinstance(message := as_mapping(one).get("message"), str):
            yield message
