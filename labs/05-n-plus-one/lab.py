"""N+1: find it by the trace, mend it in the code, prove it by the trace."""

import shutil
from functools import partial
from pathlib import Path

from labs import programs
from labs.errors import LabError, NotThere
from labs.lab import DONE, Hints, Lab, Question, Result, Step, done, not_yet, wait, wrong
from labs.local_commands import ROOT
from labs.readings import same_number
from labs.segments import Segment
from labs.workspace import Workspace

PARTS = ("services", "settings", "origins")
FILE = "services/storefront/routes.py"
SOUND = '    return ProductList.model_validate(_get("catalog", "/products"))\n'
SLOW = """\
    skus = [product["sku"] for product in _get("catalog", "/products")["products"]]
    products = [_get("catalog", f"/products/{_quoted(sku)}") for sku in skus]
    return ProductList.model_validate({"products": products})
"""
SLOWER = """\
    skus = [product["sku"] for product in _get("catalog", "/products")["products"]]
    products = []
    for sku in skus:
        if _get("catalog", f"/products/{_quoted(sku)}")["stock"] >= 0:
            products.append(_get("catalog", f"/products/{_quoted(sku)}"))
    return ProductList.model_validate({"products": products})
"""
VISITS, NEWEST = 4, 5
UNTRACED = {"X-Amzn-Trace-Id": "Sampled=0"}


def prepare(work: Workspace) -> None:
    """Copy the services, make the copy's storefront ask for product after product, and start it."""
    folder = work.folder()
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    code = (folder / FILE).read_text()
    if SOUND not in code:
        raise LabError(f"{ROOT / FILE} has no line {SOUND.strip()!r}, which this lab replaces")
    (folder / FILE).write_text(code.replace(SOUND, work.random("code").choice((SLOW, SLOWER))))
    port = programs.free_port()
    work.facts.update(
        {
            "folder": str(folder),
            "file": str(folder / FILE),
            "port": port,
            "shop": f"http://127.0.0.1:{port}",
            "version": f"lab-{work.attempt.id}",
        }
    )
    work.save()
    start(work)
    visit(work, VISITS)


def start(work: Workspace) -> None:
    """Start the copy's storefront, unless it runs."""
    programs.start(
        work,
        Path(work.facts["folder"]),
        "services.storefront.app:create_app()",
        work.facts["port"],
        "--config",
        "services/gunicorn.conf.py",
        SERVICE_VERSION=work.facts["version"],
        ALLOWED_HOSTS="local",
        AWS_XRAY_NOOP_ID="false",
        AWS_XRAY_CONTEXT_MISSING="IGNORE_ERROR",
        TRACE_URL=work.page("traces/{trace_id}"),
    )


def visit(work: Workspace, count: int) -> None:
    """Ask the copy for its shelf."""
    work.visit([partial(work.shop.ask, f"{work.facts['shop']}/api/products")] * count)


def shelves(work: Workspace) -> list[Segment]:
    """The copy's segments of the shelf, newest first."""
    segments = work.traces(f'annotation.version = "{work.facts["version"]}"').by_service.get("storefront", [])
    of_shelf = [step for step in segments if step.target.endswith("/api/products")]
    return sorted(of_shelf, key=lambda step: step.start, reverse=True)


def most_calls(work: Workspace) -> int:
    """How many calls the copy made for one shelf before it was mended."""
    return max((len(step.calls) for step in shelves(work)), default=0)


def judge_calls(work: Workspace, value: str) -> Result:
    """Whether the answer is the number of calls."""
    if not shelves(work):
        return wait("a trace of the shelf", "none yet", f"curl {work.facts['shop']}/api/products")
    link = work.page(f"traces/{shelves(work)[-1].trace_id}")
    kind = "how many calls to the catalog one shelf makes, the first one included"
    return same_number(value, most_calls(work), 0, kind, "the waterfall of a shelf", link)


def hints_of_calls(work: Workspace) -> Hints:
    """The staircase."""
    expression = f'annotation.version = "{work.facts["version"]}"'
    return (
        f"The copy's traces carry its version: {work.page('traces', filter=expression)}",
        "In the waterfall, count the storefront's calls: a staircase, one after the other, none failed.",
        f"make answer VALUE={most_calls(work)}",
    )


def check_mended(work: Workspace) -> Result:
    """Whether the newest shelves are complete and made by one call each."""
    expected = f"{NEWEST} shelves in a row with all products and one call to the catalog each"
    folder = Path(work.facts["folder"])
    try:
        shelf = work.shop.ask(f"{work.facts['shop']}/api/products", headers=UNTRACED)
        sound = work.shop.ask("/api/products", headers=UNTRACED)
    except NotThere:
        finding = f"your storefront does not answer: {programs.last_line(folder)}"
        return wrong(expected, finding, f"{folder / programs.LOG}; make lab starts it again")
    if shelf.status != 200:
        finding = f"your storefront answers {shelf.status}: {programs.last_line(folder)}"
        return wrong(expected, finding, str(folder / programs.LOG))
    skus, all_skus = ({product["sku"] for product in answer.body["products"]} for answer in (shelf, sound))
    newest = shelves(work)[:NEWEST]
    look = f"curl -s {work.facts['shop']}/api/products, {NEWEST} times"
    if skus != all_skus:
        finding = f"your shelf shows {len(skus & all_skus)} of {len(all_skus)} products"
        return wrong(expected, finding, work.facts["file"])
    counts = [len(step.calls) for step in newest]
    link = work.page(f"traces/{newest[0].trace_id}") if newest else ""
    if len(counts) == NEWEST and max(counts) <= 1:
        return done(expected)
    finding = f"the newest make {', '.join(map(str, counts)) or 'none'} calls"
    if counts and counts[0] <= 1:
        return wait(f"{NEWEST} shelves since the mend", finding, look, link)
    return not_yet(expected, finding, work.facts["file"], link)


def solve_mended(work: Workspace) -> None:
    """Write the sound code, and ask for the shelf until all is well."""
    start(work)
    shutil.copy(ROOT / FILE, work.facts["file"])
    work.until(lambda later: visited(later), "the mended storefront")


def visited(work: Workspace) -> bool:
    """Ask for some shelves, and say if they are well."""
    try:
        work.shop.visits([partial(work.shop.ask, f"{work.facts['shop']}/api/products")] * NEWEST)
    except NotThere:  # it is being loaded
        return False
    return check_mended(work).state == DONE


def hints_of_mended(work: Workspace) -> Hints:
    """Where and what."""
    return (
        f"{check_mended(work).found}. The code is in {work.facts['file']}, function _products.",
        "GET /products of the catalog answers with all products whole: what follows asks again for what is "
        "there. The storefront loads the file again when it is saved.",
        f"In _products: {SOUND.strip()}",
    )


LAB = Lab(
    title="N+1: find it, mend it in the code, prove it",
    minutes=25,
    prepare=prepare,
    resume=start,
    steps=(
        Question("calls", judge_calls, hints_of_calls, lambda work: str(most_calls(work))),
        Step("mended", check_mended, hints_of_mended, solve_mended),
    ),
)
