"""Logs: one customer's order across three services, by structured fields."""

import json
from functools import partial
from typing import Any

from labs.lab import Hints, Lab, Question, Result, Step, done, not_yet, wrong
from labs.readings import SERVICES, TRACE_ID, same_number
from labs.workspace import Workspace

ORDERS = 9
TOO_MANY = 900  # more than the shelf holds
LEAST_MS = 1.0
SHARE = 0.05  # by which a reading may be off


def prepare(work: Workspace) -> None:
    """Have orders taken and refused; one of them is the customer's."""
    dice, shop, skus = work.random("orders"), work.shop, work.shop.skus()
    work.facts["mark"] = f"lab-{work.attempt.id}"
    refused = [partial(shop.order, dice.choice(skus), TOO_MANY) for _ in range(dice.randint(3, 7))]
    taken = [partial(shop.order, dice.choice(skus)) for _ in range(ORDERS)]
    answers = [answer for answer in work.visit(taken) if answer.status == 201]
    work.visit(refused)
    customer = dice.choice(answers)
    work.facts.update({"order-id": customer.body["order_id"], "trace": customer.trace_id})
    work.save()
    work.until(lambda later: reservation(later), "the log line of the customer's order")


def lines(work: Workspace, service: str, pattern: str) -> list[dict[str, Any]]:
    """The service's log lines with a phrase, as objects."""
    events = work.log_lines(service, f'"{pattern}"')
    return [json.loads(event["message"]) for event in events if event["message"].startswith("{")]


def reservation(work: Workspace) -> dict[str, Any]:
    """The catalog's access line about the customer's order, empty before it has arrived."""
    return next(
        (line for line in lines(work, "catalog", work.facts["order-id"]) if line.get("method") == "PUT"), {}
    )


def refusals(work: Workspace) -> list[dict[str, Any]]:
    """The storefront's access lines of orders that were refused."""
    posts = lines(work, "storefront", "POST /api/orders")
    return [line for line in posts if line.get("status") == 409]


def judge_trace(work: Workspace, value: str) -> Result:
    """Whether the answer is the trace id on the lines of the customer's order."""
    match, link = TRACE_ID.search(value), work.page("logs", text=work.facts["order-id"])
    kind = "the trace_id on the log lines that name the order"
    if match and match[0] == work.facts["trace"]:
        return done(match[0])
    if not match:
        return wrong(f"{kind}: 1-…", value, "the catalog's log group", link)
    named = any(lines(work, service, match[0]) for service in SERVICES)
    finding = (
        "a trace, but of another request" if named else "no trace id that a log line of this attempt has"
    )
    return wrong(kind, f"{match[0]}, {finding}", "the catalog's log group", link)


def hints_of_trace(work: Workspace) -> Hints:
    """Where the order's id is written."""
    return (
        f"The order's id is part of a path that orders asks the catalog for: {work.page('logs')}",
        f"Search for {work.facts['order-id']}; the line's trace_id is the answer.",
        f"make answer VALUE={work.facts['trace']}",
    )


def judge_duration(work: Workspace, value: str) -> Result:
    """Whether the answer is the duration on the catalog's access line."""
    ms = float(reservation(work)["duration_ms"])
    link = work.page("logs", trace=work.facts["trace"])
    kind = "duration_ms of the catalog's line with PUT /reservations/…"
    return same_number(value, ms, max(LEAST_MS, ms * SHARE), kind, "the lines of the trace", link)


def hints_of_duration(work: Workspace) -> Hints:
    """Which field of which line."""
    return (
        f"All lines of that trace, of all services: {work.page('logs', trace=work.facts['trace'])}",
        "The catalog's access line has method, route, status and duration_ms.",
        f"make answer VALUE={answer_duration(work)}",
    )


def answer_duration(work: Workspace) -> str:
    """The catalog's milliseconds."""
    return f"{reservation(work)['duration_ms']:.1f}"


def judge_refused(work: Workspace, value: str) -> Result:
    """Whether the answer is how many orders were refused."""
    link = work.page("logs", service="storefront", text="POST /api/orders 409")
    kind = "how many access lines of the storefront have the status 409"
    return same_number(value, len(refusals(work)), 0, kind, "the storefront's log group", link)


def hints_of_refused(work: Workspace) -> Hints:
    """The filter."""
    link = work.page("logs", service="storefront", text="POST /api/orders 409")
    return (
        "Each service has a line for a refusal. Count those of the storefront alone.",
        f"Its message is POST /api/orders 409: {link}",
        f"make answer VALUE={len(refusals(work))}",
    )


def check_marked(work: Workspace) -> Result:
    """Whether a request with the mark went through all services."""
    mark = work.facts["mark"]
    marked = {service: lines(work, service, mark) for service in SERVICES}
    reached = [service for service in SERVICES if marked[service]]
    expected = f"log lines of all three services with the request_id {mark}"
    link = work.page("logs", text=mark)
    if len(reached) == len(SERVICES):
        return done(f"{sum(map(len, marked.values()))} lines of all three services have it")
    if not reached:
        return not_yet(expected, "no line has it", "a request with the header X-Request-Id", link)
    missing = ", ".join(service for service in SERVICES if service not in reached)
    return wrong(
        expected, f"lines of {', '.join(reached)}, none of {missing}", "a request that reaches them all", link
    )


def solve_marked(work: Workspace) -> None:
    """Order with the mark as request id."""
    body = {"items": [{"sku": work.shop.skus()[0], "quantity": 1}]}
    mark = work.facts["mark"]
    headers = {"Idempotency-Key": mark, "X-Request-Id": mark}
    work.visit([partial(work.shop.ask, "/api/orders", "POST", json=body, headers=headers)])


def hints_of_marked(work: Workspace) -> Hints:
    """Which request reaches all three."""
    result = check_marked(work)
    return (
        f"So far there are {result.found}." if result.found else "The services log a caller's X-Request-Id.",
        "An order goes through storefront, orders and catalog.",
        f"curl -s {work.settings.storefront}/api/orders -H 'Content-Type: application/json' "
        f"-H 'Idempotency-Key: {work.facts['mark']}' -H 'X-Request-Id: {work.facts['mark']}' "
        f"-d '{json.dumps({'items': [{'sku': work.shop.skus()[0], 'quantity': 1}]})}'",
    )


LAB = Lab(
    title="Logs: one order across three services",
    minutes=15,
    prepare=prepare,
    steps=(
        Question("trace", judge_trace, hints_of_trace, lambda work: str(work.facts["trace"])),
        Question("duration", judge_duration, hints_of_duration, answer_duration),
        Question("refused", judge_refused, hints_of_refused, lambda work: str(len(refusals(work)))),
        Step("marked", check_marked, hints_of_marked, solve_marked),
    ),
)
