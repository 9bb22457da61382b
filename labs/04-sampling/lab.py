"""Annotations, filters, a group, and a sampling rule that spares money."""

import json
import time
from functools import partial
from typing import Any

from labs import segments
from labs.lab import DONE, Hints, Lab, Question, Result, Step, done, not_yet, wait, wrong
from labs.readings import same_number
from labs.workspace import Workspace

TOO_MANY = 900
POSTS = 'http.method = "POST"'
EXPRESSION = 'http.status = 409 AND http.method = "POST"'
VISITS, ORDERS = 20, 3
FEW = 0.4  # of the visits at most: a tenth is asked for, and dice fall as they like
FOLLOWED_AFTER_S = 25.0  # the services ask for rules every ten seconds
RULE: dict[str, Any] = {
    "ResourceARN": "*",
    "Priority": 10,
    "FixedRate": 0.1,
    "ReservoirSize": 0,
    "ServiceName": "storefront",
    "ServiceType": "*",
    "Host": "*",
    "HTTPMethod": "GET",
    "URLPath": "/api/products*",
    "Version": 1,
}


def prepare(work: Workspace) -> None:
    """Have orders taken and refused, and products asked for that nobody has."""
    dice, shop, skus = work.random("orders"), work.shop, work.shop.skus()
    sku = dice.choice(skus)
    work.facts.update({"sku": sku, "group": f"refused-{work.attempt.id}", "rule": f"spare-{work.attempt.id}"})
    work.save()
    work.undo_later("group", name=work.facts["group"])
    work.undo_later("sampling-rule", name=work.facts["rule"])
    others = [other for other in skus if other != sku]
    refused = [partial(shop.order, sku, TOO_MANY)] * dice.randint(2, 6)
    refused += [partial(shop.order, other, TOO_MANY) for other in others[: dice.randint(1, 3)]]
    taken = [partial(shop.order, name) for name in (sku, sku, *others[:4])]
    unknown = [partial(shop.product, "glow-worm-jar")] * 3
    work.visit([*refused, *taken, *unknown])


def refused_ids(work: Workspace, sku: str = "") -> set[str]:
    """The traces of orders that the storefront refused, of all products or of one."""
    return {
        step.trace_id
        for step in work.traces(POSTS).by_service.get("storefront", [])
        if step.status == 409 and sku in ("", step.annotations.get("sku"))
    }


def judge_count(work: Workspace, value: str) -> Result:
    """Whether the answer is how many orders of the product were refused."""
    sku = work.facts["sku"]
    link = work.page("traces", filter=f'annotation.sku = "{sku}" AND error')
    kind = f"how many orders of {sku} were refused with 409"
    return same_number(value, len(refused_ids(work, sku)), 0, kind, "the filter's traces", link)


def hints_of_count(work: Workspace) -> Hints:
    """The filter."""
    expression = f'annotation.sku = "{work.facts["sku"]}" AND error'
    return (
        "The storefront annotates an order with the sku of its first product. Filters know annotations.",
        f"A 4xx is an error: {work.page('traces', filter=expression)}",
        f"make answer VALUE={len(refused_ids(work, work.facts['sku']))}",
    )


def group(work: Workspace) -> dict[str, Any]:
    """The group that the task asks for, empty while there is none."""
    groups: list[dict[str, Any]] = list(work.pages("xray", "get_groups", "Groups"))
    return next((entry for entry in groups if entry["GroupName"] == work.facts["group"]), {})


def check_group(work: Workspace) -> Result:
    """Whether the group holds the refused orders, and nothing else."""
    name, link = work.facts["group"], work.page("groups")
    expected = f"a group {name} of just the orders that were refused"
    made = group(work)
    if not made:
        return not_yet(expected, "no group of that name", "the console's Groups", link)
    expression = made.get("FilterExpression", "")
    held = set(segments.trace_ids(work.client("xray"), work.attempt.began, expression))
    refused = refused_ids(work)
    began = {id_ for id_ in held if id_ in {step.trace_id for step in work.traces().segments}}
    if began == refused:
        return done(f"{expression} holds {len(refused)} traces")
    extra, missing = began - refused, refused - began
    example = next((step for step in work.traces().segments if step.trace_id in extra), None)
    words = [
        f"{len(extra)} traces too many, for instance {example.target}" if example else "",
        f"{len(missing)} refused orders are missing" if missing else "",
    ]
    finding = f"{expression or 'no filter'}: {', '.join(word for word in words if word)}"
    return wrong(expected, finding, "its filter, in Traces", work.page("traces", filter=expression))


def solve_group(work: Workspace) -> None:
    """Make the group, or mend it."""
    change = {"GroupName": work.facts["group"], "FilterExpression": EXPRESSION}
    xray = work.client("xray")
    if group(work):
        xray.update_group(**change)
    else:
        xray.create_group(**change)


def hints_of_group(work: Workspace) -> Hints:
    """The expression."""
    shown = EXPRESSION.replace('"', '\\"')
    verb = "update-group" if group(work) else "create-group"
    return (
        f"{check_group(work).found}. A group is a name for a filter: {work.page('groups')}",
        "Try the filter in Traces first. Keywords: http.status, http.method, http.url, error, annotation.…",
        f"make aws CALL=\"xray {verb} --group-name {work.facts['group']} --filter-expression '{shown}'\"",
    )


def rule(work: Workspace) -> dict[str, Any]:
    """The record of the rule that the task asks for, empty while there is none."""
    records: list[dict[str, Any]] = list(work.pages("xray", "get_sampling_rules", "SamplingRuleRecords"))
    name = work.facts["rule"]
    return next((record for record in records if record["SamplingRule"]["RuleName"] == name), {})


def lines_since(work: Workspace, since: float, pattern: str, method: str) -> list[dict[str, Any]]:
    """The storefront's access lines of such requests since a moment, oldest first."""
    events = work.log_lines("storefront", f'"{pattern}"', since)
    parsed = [json.loads(event["message"]) for event in events if event["message"].startswith("{")]
    return [line for line in parsed if line.get("method") == method]


def check_rule(work: Workspace) -> Result:
    """Whether few visits of the shelf are traced, and every order is."""
    record, name, link = rule(work), work.facts["rule"], work.page("sampling")
    expected = f"by a rule {name}, about a tenth of GET /api/products is traced, and every order"
    if not record:
        return not_yet(expected, "no rule of that name", "the console's Sampling", link)
    since = record["ModifiedAt"].timestamp()
    visits = lines_since(work, since, "GET /api/products", "GET")[-VISITS:]
    orders = lines_since(work, since, "POST /api/orders", "POST")[-ORDERS:]
    traced = [line for line in visits if line.get("sampled") is not False]
    untraced = [line for line in orders if line.get("sampled") is False]
    counts = f"of the newest {len(visits)} visits {len(traced)} are traced, of {len(orders)} orders "
    finding = f"{counts}{len(orders) - len(untraced)}"
    look = f"make traffic; at least {VISITS} visits and {ORDERS} orders after the rule"
    if untraced:
        return wrong(expected, finding, "the rule's method and path", link)
    is_few = len(visits) == VISITS and len(traced) <= FEW * VISITS
    if is_few and traced_at_all(record) and len(orders) == ORDERS:
        return done(finding)
    if not traced_at_all(record):
        return wrong(expected, "a rule that traces nothing at all", "its rate", link)
    if time.time() - since < FOLLOWED_AFTER_S:
        return wait("the services, which ask for the rules every ten seconds", finding, look, link)
    return wrong(expected, finding, look, link)


def traced_at_all(record: dict[str, Any]) -> bool:
    """Whether the rule traces something."""
    fields = record["SamplingRule"]
    return bool(fields.get("FixedRate", 0) > 0 or fields.get("ReservoirSize", 0) > 0)


def solve_rule(work: Workspace) -> None:
    """Make the rule anew, and visit the shop until the services follow it."""
    xray = work.client("xray")
    if rule(work):
        xray.delete_sampling_rule(RuleName=work.facts["rule"])
    xray.create_sampling_rule(SamplingRule=RULE | {"RuleName": work.facts["rule"]})
    work.until(visited, "the services to follow the rule", 3 * FOLLOWED_AFTER_S)


def visited(work: Workspace) -> bool:
    """Visit the shop, and say if that shows the rule."""
    shop = work.shop
    shop.follows_rules = True
    skus = shop.skus()
    shop.visits([shop.shelf] * VISITS + [partial(shop.order, sku) for sku in skus[:ORDERS]])
    time.sleep(1)  # for the lines to arrive
    return check_rule(work).state == DONE


def hints_of_rule(work: Workspace) -> Hints:
    """The rule's fields."""
    fields = json.dumps(RULE | {"RuleName": work.facts["rule"]}, separators=(",", ":"))
    return (
        f"{check_rule(work).found}. {work.page('sampling')} has a form for rules.",
        "Method GET, path /api/products*, rate 0.1, reservoir 0, a priority before that of the rule for "
        "all. Then visits: the services follow after ten seconds.",
        f"make aws CALL='xray create-sampling-rule --sampling-rule {fields}'; then make traffic SECONDS=30",
    )


LAB = Lab(
    title="Annotations, filters, a group, a sampling rule",
    minutes=20,
    prepare=prepare,
    steps=(
        Question(
            "count", judge_count, hints_of_count, lambda work: str(len(refused_ids(work, work.facts["sku"])))
        ),
        Step("group", check_group, hints_of_group, solve_group),
        Step("rule", check_rule, hints_of_rule, solve_rule),
    ),
)
