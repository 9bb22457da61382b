"""The refiners beside the trace list: values that its traces have in common, with counts, to narrow it by."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.shared import filter_expressions
from console.traces.summaries import Summary, endpoint_filter, endpoint_of, http, summary_status

MOST_VALUES = 12


@dataclass(frozen=True, slots=True)
class Refiner:
    """One way to narrow the list: (value, number of traces, filter expression) for each value."""

    title: str
    values: list[tuple[str, int, str]]


def refiners(summaries: Sequence[Summary]) -> list[Refiner]:
    """Return the refiners that have a value among `summaries`."""
    users = Counter(user.get("UserName", "") for summary in summaries for user in summary.get("Users", ()))
    narrowing = [
        _refiner("Status", Counter(map(summary_status, summaries)), str),
        _refiner("HTTP status", _http_counts(summaries, "HttpStatus"), lambda code: f"http.status = {code}"),
        _refiner("Method", _http_counts(summaries, "HttpMethod"), _equals("http.method")),
        _endpoints(summaries),
        _refiner("User", users, _equals("user")),
        _nodes(summaries),
        *_annotations(summaries),
    ]
    return [refiner for refiner in narrowing if refiner.values]


def _http_counts(summaries: Sequence[Summary], key: str) -> Counter[Any]:
    return Counter(http(summary, key) for summary in summaries)


def _endpoints(summaries: Sequence[Summary]) -> Refiner:
    by_name = {endpoint_of(summary): summary for summary in summaries if http(summary, "HttpURL")}
    counts = Counter(endpoint_of(summary) for summary in summaries if http(summary, "HttpURL"))
    values = [
        (name, count, endpoint_filter(by_name[name])) for name, count in counts.most_common(MOST_VALUES)
    ]
    return Refiner("Endpoint", values)


def _nodes(summaries: Sequence[Summary]) -> Refiner:
    nodes: Counter[tuple[str, str]] = Counter()
    for summary in summaries:
        nodes.update(
            {(node.get("Name", ""), node.get("Type") or "") for node in summary.get("ServiceIds", ())}
        )
    values = [
        (name, count, filter_expressions.node(name, node_type))
        for (name, node_type), count in nodes.most_common()
        if node_type != "client" and count < len(summaries)
    ]
    return Refiner("Node", values)


def _annotations(summaries: Sequence[Summary]) -> list[Refiner]:
    counts: dict[str, Counter[Any]] = {}
    for summary in summaries:
        for key, values in (summary.get("Annotations") or {}).items():
            counts.setdefault(key, Counter()).update({_annotation_value(value) for value in values})
    return [
        _refiner(f"Annotation {key}", values, _equals(f"annotation[{key}]"))
        for key, values in sorted(counts.items())
        # with a value of its own in each trace it would narrow to one trace, to which a link leads anyway
        if len(values) < max(2, len(summaries))
    ]


def _refiner(title: str, counts: Counter[Any], expression: Callable[[Any], str]) -> Refiner:
    values = [
        (str(value), count, expression(value))
        for value, count in counts.most_common(MOST_VALUES)
        if value not in ("", None)
    ]
    return Refiner(title, values)


def _equals(keyword: str) -> Callable[[Any], str]:
    return lambda value: f"{keyword} = {_literal(value)}"


def _annotation_value(annotation: Mapping[str, Any]) -> Any:
    return next(iter((annotation.get("AnnotationValue") or {}).values()), "")


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else filter_expressions.quoted(str(value))
