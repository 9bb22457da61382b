"""Instrument a fourth service yourself, until the map shows it."""

import shutil
import time
from functools import partial
from pathlib import Path

from labs import programs
from labs.errors import NotThere
from labs.lab import DONE, Hints, Lab, Result, Step, done, not_yet, wait, wrong
from labs.readings import SERVICES
from labs.segments import Segment
from labs.workspace import Workspace

HERE = Path(__file__).parent
FILE = "reviews.py"
NEWEST = 3
ARRIVES_WITHIN_S = 4.0  # for a segment that is sent when it ends
UNTRACED = {"X-Amzn-Trace-Id": "Sampled=0"}


def prepare(work: Workspace) -> None:
    """Put the service into a folder of its own, and start it there."""
    folder, port = work.folder(), programs.free_port()
    shutil.copy(HERE / FILE, folder / FILE)
    sku = work.random("product").choice(work.shop.skus())
    work.facts.update(
        {
            "folder": str(folder),
            "file": str(folder / FILE),
            "port": port,
            "reviews": f"http://127.0.0.1:{port}/reviews",
            "sku": sku,
        }
    )
    work.save()
    start(work)


def start(work: Workspace) -> None:
    """Start the service, unless it runs."""
    folder, port = Path(work.facts["folder"]), work.facts["port"]
    programs.start(work, folder, "reviews:app", port, "--bind", f"127.0.0.1:{port}")


def own_segments(work: Workspace) -> list[Segment]:
    """The newest segments of reviews, newest first."""
    segments = work.traces('service("reviews")').by_service.get("reviews", [])
    return sorted(segments, key=lambda step: step.start, reverse=True)[:NEWEST]


def silence(work: Workspace, expected: str) -> Result:
    """Why there is no segment of reviews."""
    folder = Path(work.facts["folder"])
    link = work.page("map", range="5m")
    try:
        answer = work.shop.ask(f"{work.facts['reviews']}/{work.facts['sku']}", headers=UNTRACED)
    except NotThere:
        finding = f"reviews does not answer: {programs.last_line(folder)}"
        return wrong(expected, finding, f"{folder / programs.LOG}; make lab starts it again")
    if answer.status != 200:
        finding = f"reviews answers {answer.status}: {programs.last_line(folder)}"
        return wrong(expected, finding, str(folder / programs.LOG))
    names = sorted(set(work.traces().by_service) - {*SERVICES, "reviews"})
    if names:
        return wrong(
            expected, f"segments of {', '.join(names)}, which is not reviews", work.facts["file"], link
        )
    return not_yet(expected, "no segment of reviews", f"{work.facts['file']}, then a request", link)


def check_seen(work: Workspace) -> Result:
    """Whether the service sends segments."""
    expected = f"segments named reviews of {NEWEST} requests"
    segments = own_segments(work)
    if len(segments) == NEWEST:
        return done(f"{NEWEST} segments")
    if not segments:
        return silence(work, expected)
    look = f"curl {work.facts['reviews']}/{work.facts['sku']}"
    return wrong(expected, f"{len(segments)} so far", look, work.page("map", range="5m"))


def check_linked(work: Workspace) -> Result:
    """Whether the catalog's segments hang below those of reviews."""
    expected = "the newest calls of reviews to the catalog, each with the catalog's segment below it"
    segments = own_segments(work)
    if not segments:
        return not_yet(expected, "no segment of reviews", "task 1", work.page("map", range="5m"))
    link = work.page(f"traces/{segments[0].trace_id}")
    calls = [call for segment in segments for call in segment.calls]
    traces = work.trace(segments[0].trace_id)
    if not calls:
        return wrong(expected, "segments of reviews without a call in them", "how calls are recorded", link)
    below = {step.service for call in segments[0].calls if (step := traces.callee(call))}
    if "catalog" not in below and time.time() - segments[0].end < ARRIVES_WITHIN_S:
        return wait("the catalog's segment", "a call that ended just now", link=link)
    if "catalog" not in below:
        return wrong(expected, "calls to the catalog that end without its segment", "the trace header", link)
    return done("reviews calls the catalog")


def check_annotated(work: Workspace) -> Result:
    """Whether segments of reviews say which product they are about."""
    sku = work.facts["sku"]
    expected = f"an annotation sku = {sku} on a segment of reviews about it"
    about = [step for step in own_segments(work) if step.url.endswith(f"/{sku}")]
    link = work.page("traces", filter=f'service("reviews") AND annotation.sku = "{sku}"')
    if not about:
        return not_yet(
            expected, f"no segment of reviews about {sku}", f"curl {work.facts['reviews']}/{sku}", link
        )
    annotations = about[0].annotations
    if annotations.get("sku") == sku:
        return done(f"sku = {sku}")
    if sku in str(about[0].document.get("metadata", "")):
        return wrong(expected, "metadata, which can't be searched for", "annotations", link)
    finding = ", ".join(f"{name} = {value}" for name, value in annotations.items()) or "no annotation"
    return wrong(expected, finding, work.facts["file"], link)


def solve(work: Workspace) -> None:
    """Put the traced service in its place, and ask for reviews."""
    start(work)
    shutil.copy(HERE / "traced.py", work.facts["file"])
    work.until(visited, "the traced service")


def visited(work: Workspace) -> bool:
    """Ask for reviews, and say if all is well."""
    ask = partial(work.shop.ask, f"{work.facts['reviews']}/{work.facts['sku']}")
    try:
        for answer in work.shop.visits([ask] * NEWEST):
            if answer.status != 200:
                return False
    except NotThere:  # it is being loaded
        return False
    return all(check(work).state == DONE for check in (check_seen, check_linked, check_annotated))


def hints_of_seen(work: Workspace) -> Hints:
    """The middleware."""
    file, address = work.facts["file"], f"{work.facts['reviews']}/{work.facts['sku']}"
    return (
        f"{check_seen(work).found}. The package aws_xray_sdk is installed; {file} has to use it.",
        "xray_recorder.configure(service='reviews', sampling=False) gives the name; XRayMiddleware(app, "
        "xray_recorder) of aws_xray_sdk.ext.flask.middleware makes a segment of each request.",
        f"cp {HERE / 'traced.py'} {file}; then curl {address}, three times",
    )


def hints_of_linked(work: Workspace) -> Hints:
    """The patch."""
    return (
        f"{check_linked(work).found}. A call has to be recorded, and to carry the trace header.",
        "The SDK can patch the library that makes the calls: requests.",
        "from aws_xray_sdk.core import patch; patch(('requests',))",
    )


def hints_of_annotated(work: Workspace) -> Hints:
    """The annotation."""
    return (
        f"{check_annotated(work).found}. Annotations are indexed, metadata are not.",
        "xray_recorder.current_segment() is the request's segment.",
        'xray_recorder.current_segment().put_annotation("sku", sku)',
    )


LAB = Lab(
    title="Instrument a fourth service yourself",
    minutes=25,
    prepare=prepare,
    resume=start,
    steps=(
        Step("seen", check_seen, hints_of_seen, solve),
        Step("linked", check_linked, hints_of_linked, solve),
        Step("annotated", check_annotated, hints_of_annotated, solve),
    ),
)
