"""The tools: one purchase, its trace, and a number in it."""

import json

from labs.lab import Hints, Lab, Question, Result, Step, done, not_yet, wait, wrong
from labs.readings import same_number, trace_of
from labs.segments import Segment
from labs.workspace import Workspace

OTHER_SHARE = 0.1  # of the milliseconds by which a reading may be off
LEAST_MS = 3.0
POSTS = 'http.method = "POST"'


def prepare(work: Workspace) -> None:
    """Choose what is bought."""
    dice = work.random("purchase")
    work.facts["sku"] = dice.choice(work.shop.skus())
    work.facts["quantity"] = dice.randint(2, 4)
    work.save()


def purchases(work: Workspace) -> list[Segment]:
    """The storefront's segments of orders that were taken, newest first."""
    segments = work.traces(POSTS).by_service.get("storefront", [])
    taken = [step for step in segments if step.target.endswith("/api/orders") and step.status == 201]
    return sorted(taken, key=lambda step: step.start, reverse=True)


def basket(work: Workspace, order_id: str) -> dict[str, int]:
    """The pieces of each product in an order."""
    answer = work.client("dynamodb").get_item(
        TableName="lantern-orders", Key={"order_id": {"S": order_id}}, ConsistentRead=True
    )
    lines = answer.get("Item", {}).get("items", {}).get("L", [])
    return {line["M"]["sku"]["S"]: int(line["M"]["quantity"]["N"]) for line in lines}


def right_purchase(work: Workspace) -> Segment | None:
    """The newest purchase of just what the task asks for."""
    expected = {work.facts["sku"]: work.facts["quantity"]}
    return next(
        (step for step in purchases(work) if basket(work, str(step.annotations.get("order_id"))) == expected),
        None,
    )


def check_purchase(work: Workspace) -> Result:
    """Whether the order was placed and its trace has arrived."""
    expected = f"an order of {work.facts['quantity']} x {work.facts['sku']}"
    orders, shop = purchases(work), work.settings.storefront
    if not orders:
        return not_yet(expected, "no order since this lab began", f"the shop: {shop}")
    if right_purchase(work):
        return done(expected)
    if not (bought := basket(work, str(orders[0].annotations.get("order_id")))):
        return wait("the order to be written", "an order's trace, and no order")
    named = ", ".join(f"{quantity} x {sku}" for sku, quantity in bought.items())
    return wrong(expected, f"an order of {named}", "order once more", f"{shop}/")


def solve_purchase(work: Workspace) -> None:
    """Order it."""
    work.visit([lambda: work.shop.order(work.facts["sku"], work.facts["quantity"])])


def hints_of_purchase(work: Workspace) -> Hints:
    """How to order."""
    orders = purchases(work)
    body = {"items": [{"sku": work.facts["sku"], "quantity": work.facts["quantity"]}]}
    return (
        f"There {'is an order, but of something else' if orders else 'is no order yet'}: "
        f"{work.settings.storefront} is the shop.",
        f"Put {work.facts['quantity']} pieces of {work.facts['sku']} into the basket, nothing else.",
        f"curl -s {work.settings.storefront}/api/orders -H 'Content-Type: application/json' "
        "-H 'Idempotency-Key: lab-00' "
        f"-d '{json.dumps(body)}'",
    )


def judge_trace(work: Workspace, value: str) -> Result:
    """Whether the id is that of the purchase's trace."""
    trace = trace_of(work, value)
    if isinstance(trace, Result):
        return trace
    order = right_purchase(work)
    ids = {segment.trace_id for segment in trace.segments}
    if order and order.trace_id in ids:
        return done(order.trace_id)
    root = next((step for step in trace.segments if "parent_id" not in step.document), trace.segments[0])
    link = work.page("traces", filter=POSTS)
    return wrong("the trace of the order", f"a trace of {root.target}", "Traces, with method POST", link)


def answer_trace(work: Workspace) -> str:
    """The id of the purchase's trace."""
    order = right_purchase(work)
    return order.trace_id if order else ""


def hints_of_trace(work: Workspace) -> Hints:
    """Where trace ids are."""
    return (
        "The shop's confirmation shows the trace id of your click; every answer has it in X-Amzn-Trace-Id.",
        f"The newest POST among the console's traces: {work.page('traces', filter=POSTS)}",
        f"The id is {answer_trace(work) or 'there once you have ordered: task 1'}.",
    )


def judge_duration(work: Workspace, value: str) -> Result:
    """Whether the number is how long the storefront's segment took."""
    order = right_purchase(work)
    if order is None:
        return not_yet("an order, which has a duration", "no order as task 1 says", "task 1")
    ms = order.duration_s * 1000
    link = work.page(f"traces/{order.trace_id}")
    kind = "the milliseconds of the storefront's segment, the first bar of the waterfall"
    return same_number(value, ms, max(LEAST_MS, ms * OTHER_SHARE), kind, "the waterfall of your order", link)


def answer_duration(work: Workspace) -> str:
    """How long it took, in milliseconds."""
    order = right_purchase(work)
    return f"{order.duration_s * 1000:.0f}" if order else ""


def hints_of_duration(work: Workspace) -> Hints:
    """Where durations are."""
    order = right_purchase(work)
    page = work.page(f"traces/{order.trace_id}") if order else "the trace's page, once you have ordered"
    return (
        f"Look at the waterfall: {page}",
        "The first bar is the storefront's segment: the time from the request to the answer, calls included.",
        f"make answer VALUE={answer_duration(work) or '…'}",
    )


LAB = Lab(
    title="The tools: one purchase and its trace",
    minutes=10,
    prepare=prepare,
    steps=(
        Step("purchase", check_purchase, hints_of_purchase, solve_purchase),
        Question("trace", judge_trace, hints_of_trace, answer_trace),
        Question("duration", judge_duration, hints_of_duration, answer_duration),
    ),
)
