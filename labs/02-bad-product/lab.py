"""From a red ring to the line of code: one product breaks one service."""

from functools import partial

from labs.lab import Hints, Lab, Question, Result, Step, done, not_yet, wait, wrong
from labs.readings import SERVICES, same_word
from labs.segments import Segment
from labs.workspace import Workspace

FAULT = "bad-product"
ENOUGH = 3  # requests about the product that succeed


def prepare(work: Workspace) -> None:
    """Break requests about one product, and visit all of them."""
    dice, skus = work.random("fault"), work.shop.skus()
    work.facts["bad"] = dice.choice(skus)
    work.facts["guilty"] = dice.choice(("catalog", "orders"))
    work.save()
    work.break_shop(FAULT, ON=work.facts["guilty"], SKU=work.facts["bad"])
    buy_everything(work)
    work.until(thrown, "an exception")


def buy_everything(work: Workspace) -> None:
    """Look at each product, and order it."""
    shop = work.shop
    work.visit([partial(shop.product, sku) for sku in shop.skus()])
    work.visit([partial(shop.order, sku) for sku in shop.skus()])


def thrown(work: Workspace) -> list[Segment]:
    """The segments with an exception of the fault's own, newest first."""
    segments = work.traces("fault").by_service.get(work.facts["guilty"], [])
    stacks = [
        step for step in segments if step.is_fault and step.exceptions and step.exceptions[0].get("stack")
    ]
    return sorted(stacks, key=lambda step: step.start, reverse=True)


def judge_guilty(work: Workspace, value: str) -> Result:
    """Whether the answer is the service that throws."""
    name, link = value.strip().lower(), work.page("traces", filter="fault")
    if name in SERVICES and name != work.facts["guilty"]:
        return wrong(
            "the service in which the exception begins",
            f"{name}: its answers are red because a call of its own failed, or not at all",
            "the lowest red bar of a failed trace",
            link,
        )
    return same_word(name, work.facts["guilty"], f"one of {', '.join(SERVICES)}", "a failed trace", link)


def hints_of_guilty(work: Workspace) -> Hints:
    """Where red is."""
    link = work.page("traces", filter="fault")
    return (
        f"The map's red rings are of who failed and of who passed it on. Open a failed trace: {link}",
        "The lowest red bar in the waterfall is where it began: nothing below it failed.",
        f"make answer VALUE={work.facts['guilty']}",
    )


def judge_product(work: Workspace, value: str) -> Result:
    """Whether the answer is the product's sku."""
    link = work.page("traces", filter="fault")
    name = value.strip().lower()
    kind = "the value of the annotation sku that all failed traces have"
    if name != work.facts["bad"] and name in work.shop.skus():
        return wrong(kind, f"{name}, about which requests succeed", "the annotations of failed traces", link)
    return same_word(name, work.facts["bad"], kind, "the annotations of failed traces", link)


def hints_of_product(work: Workspace) -> Hints:
    """Annotations."""
    return (
        "A service may annotate its segments; annotations can be searched for.",
        f"Compare the annotation sku of two or three failed traces: {work.page('traces', filter='fault')}",
        f"make answer VALUE={work.facts['bad']}",
    )


def frames(work: Workspace) -> list[tuple[str, int, str]]:
    """File, line and function of the exception's stack, as the newest failed trace has it."""
    stack = thrown(work)[0].exceptions[0]["stack"]
    return [(str(f["path"]), int(f["line"]), str(f.get("label", ""))) for f in stack]


def raising(work: Workspace) -> tuple[str, int, str]:
    """The frame in which the exception was raised: the SDK puts callers before called ones."""
    return frames(work)[-1]


def judge_line(work: Workspace, value: str) -> Result:
    """Whether the answer is file and line of the code that raised."""
    if not thrown(work):
        return wait("a trace of a failure", "none so far", "make traffic")
    path, line, label = raising(work)
    link = work.page(f"traces/{thrown(work)[0].trace_id}")
    name, _, number = value.strip().rpartition(":")
    kind = "file:line of the frame that raised, for instance placing.py:42"
    if not name or not number.isdecimal():
        return wrong(kind, value, "the exception in a failed trace", link)
    if not name.endswith(path.rsplit("/", 1)[-1]):
        return wrong(kind, f"{name}, which is not the file that raised", "the exception's stack", link)
    if int(number) != line:
        in_frames = any(int(number) == other for _, other, _ in frames(work))
        finding = "a frame of it, but a caller" if in_frames else "a line that is not in the stack"
        return wrong(kind, f"line {number}, {finding}", "the exception's stack", link)
    return done(f"{path}:{line} in {label}")


def answer_line(work: Workspace) -> str:
    """File and line."""
    path, line, _ = raising(work)
    return f"{path.rsplit('/', 1)[-1]}:{line}"


def hints_of_line(work: Workspace) -> Hints:
    """The stack."""
    link = work.page(f"traces/{thrown(work)[0].trace_id}")
    return (
        f"The segment that failed carries the exception with its stack: {link}",
        f"Its type is {thrown(work)[0].exceptions[0].get('type')}. The frame that raised is the "
        "last of its stack: it called nothing else.",
        f"make answer VALUE={answer_line(work)}",
    )


def about_product(work: Workspace) -> list[Segment]:
    """The guilty service's segments about the product, newest first."""
    expression = f'annotation.sku = "{work.facts["bad"]}"'
    segments = work.traces(expression).by_service.get(work.facts["guilty"], [])
    return sorted(segments, key=lambda step: step.start, reverse=True)


def check_mended(work: Workspace) -> Result:
    """Whether the newest requests about the product succeed."""
    segments = about_product(work)
    well = 0
    for segment in segments:
        if segment.is_fault:
            break
        well += 1
    bad, guilty = work.facts["bad"], work.facts["guilty"]
    expected = f"the newest {ENOUGH} requests of {guilty} about {bad} succeed"
    link = work.page("traces", filter=f'annotation.sku = "{bad}"')
    if well >= ENOUGH:
        return done(expected)
    if FAULT in work.shop.faults():
        return not_yet(expected, f"the newest of {len(segments)} fails: the fault is on", "make fault", link)
    return wrong(
        expected,
        f"the fault is off, and so far {well} of {guilty}'s newest requests about it succeed",
        f"order {bad} until there are {ENOUGH}",
        link,
    )


def solve_mended(work: Workspace) -> None:
    """End the fault, and order the product."""
    work.mend_shop(FAULT)
    work.visit([lambda: work.shop.order(work.facts["bad"])] * ENOUGH)


def hints_of_mended(work: Workspace) -> Hints:
    """The commands."""
    is_on = FAULT in work.shop.faults()
    return (
        "The fault is on." if is_on else "The fault is off; what is missing are requests that succeed.",
        f"make fault OFF={FAULT}, then order {work.facts['bad']} {ENOUGH} times.",
        f"make fault OFF={FAULT}; then {ENOUGH} times what the task shows",
    )


LAB = Lab(
    title="From a red ring to the line of code",
    minutes=15,
    needs_faults=True,
    prepare=prepare,
    steps=(
        Question("guilty", judge_guilty, hints_of_guilty, lambda work: str(work.facts["guilty"])),
        Question("product", judge_product, hints_of_product, lambda work: str(work.facts["bad"])),
        Question("line", judge_line, hints_of_line, answer_line),
        Step("mended", check_mended, hints_of_mended, solve_mended),
    ),
)
