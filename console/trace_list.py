"""A list of traces: the newest summaries, refiners with counts, and an order."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from console import filters
from console.aws import Aws
from console.newest import newest

SHOWN = 250
SECOND = 1.0
PAGES = 8  # a filter that matches little is followed this far in one stretch

Summary = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refiner:
    """One way to narrow the list: values with how many traces have them, and the expression of each."""

    title: str
    values: list[tuple[str, int, str]]


def newest_summaries(
    aws: Aws, expression: str, span: tuple[float, float], wanted: int = SHOWN
) -> tuple[list[Summary], bool]:
    """The newest traces of `span`, newest first, and whether there may be more; raises AwsError."""

    def look(start_s: float, end_s: float) -> tuple[list[Summary], bool]:
        asked: dict[str, Any] = {"StartTime": start_s, "EndTime": end_s}
        if expression:
            asked["FilterExpression"] = expression
        found: list[Summary] = []
        for _ in range(PAGES):
            page = aws.ask(aws.xray.get_trace_summaries, **asked)
            found += page["TraceSummaries"]
            asked["NextToken"] = page.get("NextToken")
            if not asked["NextToken"] or (len(found) >= wanted and end_s - start_s > SECOND):
                break  # the shortest stretch is read to its end, where the newest are
        is_all = not asked["NextToken"]
        fresh = [summary for summary in found if summary["Id"] not in seen]
        seen.update(summary["Id"] for summary in fresh if is_all or end_s - start_s <= SECOND)
        return sorted(fresh, key=started), is_all

    seen: set[str] = set()  # a stretch may begin with the second with which the next one ends
    start_s, end_s = floor(span[0]), ceil(span[1])  # boto3 sends whole seconds
    summaries, has_more = newest(look, start_s, end_s, wanted, SECOND)
    return sorted(summaries, key=started, reverse=True), has_more


def started(summary: Summary) -> float:
    """When the trace began, epoch seconds; its id carries the second where the answer leaves the time out."""
    when = summary.get("StartTime")
    return float(when.timestamp()) if when else int(summary["Id"][2:10], 16)


def status(summary: Summary) -> str:
    """fault, throttle, error or ok, as the trace's entry answered."""
    flags = (("HasFault", "fault"), ("HasThrottle", "throttle"), ("HasError", "error"))
    return next((name for flag, name in flags if summary.get(flag)), "ok")


def http(summary: Summary, key: str) -> Any:
    """One of HttpURL, HttpStatus, HttpMethod, UserAgent, ClientIp; "" without."""
    return (summary.get("Http") or {}).get(key, "")


COLUMNS: dict[str, Callable[[Summary], Any]] = {
    "status": lambda one: (status(one), str(http(one, "HttpStatus"))),
    "method": lambda one: http(one, "HttpMethod"),
    "url": lambda one: http(one, "HttpURL"),
    "response": lambda one: one.get("ResponseTime") or 0.0,
    "duration": lambda one: one.get("Duration") or 0.0,
    "age": started,
    "id": lambda one: one["Id"],
}


def refiners(summaries: Sequence[Summary]) -> list[Refiner]:
    """What the traces of the list have in common and what tells them apart."""
    nodes: Counter[tuple[str, str]] = Counter()
    annotations: dict[str, Counter[Any]] = {}
    for summary in summaries:
        nodes.update({(one.get("Name", ""), one.get("Type") or "") for one in summary.get("ServiceIds", ())})
        for key, values in (summary.get("Annotations") or {}).items():
            annotations.setdefault(key, Counter()).update({_value(one) for one in values})
    found = [
        _refiner("Status", Counter(status(one) for one in summaries), str),
        _refiner(
            "HTTP status",
            Counter(http(one, "HttpStatus") for one in summaries),
            lambda v: f"http.status = {v}",
        ),
        _refiner("Method", Counter(http(one, "HttpMethod") for one in summaries), _equals("http.method")),
        _refiner("URL", Counter(http(one, "HttpURL") for one in summaries), _equals("http.url")),
        _refiner(
            "User",
            Counter(u.get("UserName", "") for s in summaries for u in s.get("Users", ())),
            _equals("user"),
        ),
        Refiner(
            "Node",
            [
                (name, n, filters.node(name, kind))
                for (name, kind), n in nodes.most_common()
                if kind != "client" and n < len(summaries)
            ],
        ),
    ]
    found += [
        _refiner(f"Annotation {key}", counts, lambda v, key=key: f"annotation[{key}] = {_literal(v)}")  # type: ignore[misc]
        for key, counts in sorted(annotations.items())
        if len(counts)
        < max(2, len(summaries))  # one value a trace narrows to a trace, which the list does better
    ]
    return [refiner for refiner in found if refiner.values]


def _refiner(title: str, counts: Counter[Any], expression: Callable[[Any], str]) -> Refiner:
    return Refiner(
        title,
        [
            (str(value), n, expression(value))
            for value, n in counts.most_common(12)
            if value not in ("", None)
        ],
    )


def _equals(keyword: str) -> Callable[[str], str]:
    return lambda value: f"{keyword} = {filters.quoted(value)}"


def _value(annotation: Mapping[str, Any]) -> Any:
    return next(iter((annotation.get("AnnotationValue") or {}).values()), "")


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else filters.quoted(str(value))
