"""For each step of each lab a mend that does not mend it, and words of the text that says what is wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from labs.course import find
from labs.errors import NotThere
from labs.lab import WRONG
from labs.runner import result_of
from labs.shop import Answer
from labs.workspace import Workspace


@dataclass(frozen=True)
class Mutant:
    """A wrong answer, or a wrong deed, and what the check must say of it."""

    attempt: Callable[[Workspace], str | None]  # an answer, or None after a deed
    says: str


def other(*names: str) -> Callable[[Workspace], str]:
    """A name that is in none of these facts."""
    services = ("storefront", "catalog", "orders")
    return lambda work: next(name for name in services if name not in {work.facts[fact] for fact in names})


def quick_trace(work: Workspace) -> str:
    return work.visit([work.shop.shelf])[0].trace_id


def order_too_few(work: Workspace) -> None:
    work.visit([lambda: work.shop.order(work.facts["sku"], 1)])


def end_fault(name: str) -> Callable[[Workspace], None]:
    return lambda work: work.mend_shop(name)


def look_with_mark(work: Workspace) -> None:
    headers = {"X-Request-Id": work.facts["mark"]}
    work.visit([lambda: work.shop.ask(f"/api/products/{work.shop.skus()[0]}", headers=headers)])
    work.until(lambda later: later.log_lines("storefront", f'"{work.facts["mark"]}"'), "its log line")


def group_of_all_errors(work: Workspace) -> None:
    work.client("xray").create_group(GroupName=work.facts["group"], FilterExpression="error")


def rule_that_traces_nothing(work: Workspace) -> None:
    rule = {
        "RuleName": work.facts["rule"],
        **dict.fromkeys(("ResourceARN", "ServiceName", "ServiceType", "Host", "URLPath"), "*"),
        "HTTPMethod": "GET",
        "Priority": 10,
        "FixedRate": 0.0,
        "ReservoirSize": 0,
        "Version": 1,
    }
    work.client("xray").create_sampling_rule(SamplingRule=rule)


def empty_shelf(work: Workspace) -> None:
    file = Path(work.facts["file"])
    begin, _, _ = file.read_text().rpartition("def _products")
    file.write_text(f"{begin}def _products() -> ProductList:\n    return ProductList(products=[])\n")
    shelf = f"{work.facts['shop']}/api/products"
    work.until(lambda later: answered(later, shelf).body == {"products": []}, "an empty shelf")


def answered(work: Workspace, address: str) -> Answer:
    try:
        return work.shop.ask(address)
    except NotThere:  # it is being loaded
        return Answer(0, None, "")


def reviews_with(name: str, before: str, after: str) -> Callable[[Workspace], None]:
    """Put the traced service in its place with a mistake, and ask it until the step's check sees that."""
    exercise = find("07")
    step = next(step for step in exercise.lab.steps if step.name == name)

    def attempt(work: Workspace) -> None:
        code = (exercise.folder / "traced.py").read_text()
        assert before in code
        Path(work.facts["file"]).write_text(code.replace(before, after))
        address = f"{work.facts['reviews']}/{work.facts['sku']}"

        def shows(later: Workspace) -> bool:
            answered(later, address)
            return result_of(later, step).state == WRONG

        work.until(shows, "what the changed service sends")

    return attempt


MUTANTS: dict[str, dict[str, Mutant]] = {
    "00": {
        "purchase": Mutant(order_too_few, "an order of 1 x"),
        "trace": Mutant(quick_trace, "a trace of GET"),
        "duration": Mutant(lambda work: "99999", "99999"),
    },
    "01": {
        "callees": Mutant(lambda work: "catalog, orders, storefront", "too many"),
        "slow": Mutant(other("slow"), "waits for another"),
        "trace": Mutant(
            lambda work: work.visit([lambda: work.shop.ask("/api/orders/none")])[0].trace_id, "nobody"
        ),
        "quick": Mutant(end_fault("slow-dependency"), "the fault is off"),
    },
    "02": {
        "guilty": Mutant(lambda work: "storefront", "a call of its own failed"),
        "product": Mutant(
            lambda work: next(sku for sku in work.shop.skus() if sku != work.facts["bad"]), "succeed"
        ),
        "line": Mutant(lambda work: "requests.py:1", "not in the stack"),
        "mended": Mutant(end_fault("bad-product"), "the fault is off"),
    },
    "03": {
        "trace": Mutant(quick_trace, "another request"),
        "duration": Mutant(lambda work: "99999", "99999"),
        "refused": Mutant(lambda work: "99", "99"),
        "marked": Mutant(look_with_mark, "none of orders"),
    },
    "04": {
        "count": Mutant(lambda work: "many", "many"),
        "group": Mutant(group_of_all_errors, "too many, for instance GET"),
        "rule": Mutant(rule_that_traces_nothing, "nothing at all"),
    },
    "05": {
        "calls": Mutant(lambda work: "1", "1"),
        "mended": Mutant(empty_shelf, "your shelf shows 0 of"),
    },
    "07": {
        "seen": Mutant(
            reviews_with("seen", 'service="reviews"', 'service="review-service"'), "which is not reviews"
        ),
        "linked": Mutant(reviews_with("linked", 'patch(("requests",))', ""), "without a call in them"),
        "annotated": Mutant(
            reviews_with("annotated", 'put_annotation("sku"', 'put_metadata("sku"'), "metadata"
        ),
    },
    "06": {
        "period": Mutant(
            lambda work: "ab".replace(work.facts["throttled"], ""), "no call to DynamoDB was throttled"
        ),
        "tries": Mutant(lambda work: "0", "0"),
        "throttled": Mutant(lambda work: "0", "0"),
        "calm": Mutant(lambda work: work.mend_shop(work.facts["present"]), "the fault is off"),
    },
}
