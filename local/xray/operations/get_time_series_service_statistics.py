"""GetTimeSeriesServiceStatistics: how the shop, a service or an edge did over time."""

from collections.abc import Callable, Iterator
from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.expressions import Complex
from local.xray.filters import parse
from local.xray.graph_events import Event, Node
from local.xray.matching import Everything, is_meant
from local.xray.time_ranges import LONGEST_S, range_of
from local.xray.time_series import PERIODS_S, series

Wanted = Callable[[Event], bool]


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Of the client's edge to the root, or of what `service("…")` or `edge("…", "…")` selects."""
    if request.get("NextToken"):
        raise InvalidRequestException("NextToken is currently not supported")
    period_s = request.get("Period", PERIODS_S[0])
    if period_s not in PERIODS_S:
        raise InvalidRequestException(f"Time period must be one of {list(PERIODS_S)}")
    span = range_of(request)
    wanted, of_edge = _selected(request.get("EntitySelectorExpression"))
    points = series(_received(request, span, backend), period_s, wanted, of_edge=of_edge)
    return {"TimeSeriesServiceStatistics": points, "ContainsOldGroupVersions": False, "NextToken": None}


def _received(
    request: dict[str, Any], span: tuple[float, float], backend: Backend
) -> Iterator[tuple[float, list[Event]]]:
    """What was received in the range, of the group's traces."""
    expression = backend.groups.expression(request.get("GroupName") or request.get("GroupARN") or "Default")
    if expression is None:
        raise InvalidRequestException("Group not found.")
    members = None
    if expression is not Everything:
        began = (span[0] - LONGEST_S, span[1])
        members = {trace.trace_id for trace in backend.matching(began, expression)}
    for trace_id, received_s, events in backend.store.received(*span):
        if members is None or trace_id in members:
            yield received_s, events


def _selected(text: str | None) -> tuple[Wanted, bool]:
    """Which events count, and whether they are an edge's."""
    if not text:
        return lambda event: event.place.kind == "entry", True
    match parse(text):
        case Complex("service", (who,), None):
            return lambda event: _is_node(event) and is_meant(who, event.place.node), False
        case Complex("edge", (caller, callee), None):
            return (
                lambda event: (
                    all(
                        is_meant(who, node) for who, node in zip((caller, callee), _ends(event), strict=False)
                    )
                    and bool(_ends(event))
                ),
                True,
            )
    raise InvalidRequestException("The entity selector must be service(...) or edge(...) without a block")


def _is_node(event: Event) -> bool:
    return event.place.kind in ("service", "inferred")


def _ends(event: Event) -> tuple[Node, ...]:
    """Caller and callee, where the event is an edge's."""
    place = event.place
    if place.kind == "entry":
        return (place.node[0], "client"), place.node
    return (place.node, place.callee) if place.callee else ()
