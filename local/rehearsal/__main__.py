"""`python -m local.rehearsal`: what `make rehearse` runs, told by COMMIT, RELEASE, TIME_SCALE, RATE.

Exit codes: 0 deployed, 3 rolled back, stopped or refused by a hook, 2 could not run, 1 a fault of this tool,
130 interrupted (the execution goes on).
"""

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

from local.rehearsal import commits, stage, story, view
from local.rehearsal.errors import CouldNotRun, RehearsalError
from local.rehearsal.pipeline import Pace, Pipeline
from local.rehearsal.traffic import counted, shoppers
from local.rehearsal.verdict import COULD_NOT_RUN, FAULT, Verdict, judge
from local.stack.errors import StackError
from local.stack.site import find

FILE = Path(__file__).parents[2] / "docker-compose.yml"
POLL_S = 0.25
MOST_RATE = 100.0
MOST_SCALE = 600.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What is rehearsed, how fast time passes, and how many requests a second shoppers send."""

    commit: str
    release: str
    pace: Pace
    rate: float


def read(environ: Mapping[str, str]) -> Wish:
    """COMMIT, RELEASE, TIME_SCALE, APPROVAL and RATE. Raises CouldNotRun."""
    approval = environ.get("APPROVAL") or "no"
    if approval not in ("yes", "no"):
        raise CouldNotRun(f"APPROVAL={approval}: expected yes or no")
    scale = _number(environ, "TIME_SCALE", "60", 1, MOST_SCALE, "simulated seconds that pass in one")
    return Wish(
        environ.get("COMMIT") or "HEAD",
        environ.get("RELEASE") or commits.GOOD,
        Pace(scale, approval == "yes"),
        _number(environ, "RATE", "20", 0, MOST_RATE, "requests a second, 0 for none"),
    )


def _number(
    environ: Mapping[str, str], name: str, default: str, least: float, most: float, what: str
) -> float:
    text = environ.get(name) or default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not least <= value <= most:
        raise CouldNotRun(f"{name}={text}: expected {what}, from {least:g} to {most:g}")
    return value


def rehearse(file: Path, console: Console) -> int:
    """From a commit to its end; returns the exit code. Raises RehearsalError, StackError."""
    site = find(file)
    wish = read(site.environ)
    base = commits.resolve(site.root, wish.commit)
    commit = commits.release(site.root, base, wish.release)
    if wish.commit == "HEAD" and not commits.is_clean(site.root):
        console.print("Uncommitted changes stay at home: the commit is rehearsed as it is.", style="yellow")
    place = stage.prepare(site, wish.pace, lambda words: console.print(words))
    pipeline = Pipeline(place.pipeline)
    commits.push(site.root, commit, pipeline.repository)
    if wish.rate:
        stage.fill_the_shelf(site)
    report = site.home / "logs" / "rehearsal-shoppers.log"
    with shoppers(site.root, place.shop, wish.rate, report):
        execution = pipeline.start(commit.id)
        verdict = watch(pipeline, execution, commit.subject, console)
    _tell(verdict, console, counted(report) if wish.rate else [])
    return verdict.code


def watch(pipeline: Pipeline, execution: str, subject: str, console: Console) -> Verdict:
    """Show an execution to its end: a live picture on a terminal, else a line for each thing that happens."""
    before: dict[str, Any] | None = None
    lines: list[story.Line] = []
    live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
    if live:
        live.start()
    try:
        while True:
            now = pipeline.snapshot(execution)
            new = story.news(before, now)
            before, began = now, now["execution"]["created"]
            lines += new
            if live:
                live.update(view.draw(now, lines, began, subject), refresh=True)
            else:
                for line in new:
                    console.print(view.line_text(line, began), soft_wrap=True)
            if verdict := judge(now):
                break
            time.sleep(POLL_S)
    finally:
        if live:
            live.stop()
    if live:
        console.print(view.draw(before, lines, began, subject))
    return verdict


def _tell(verdict: Verdict, console: Console, table: list[str]) -> None:
    console.print()
    for line in verdict.lines:
        console.print(line, style="green" if verdict.code == 0 else "red", soft_wrap=True)
    for line in table:
        console.print(f"  {line}", soft_wrap=True)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """See the module for the exit codes."""
    parser = argparse.ArgumentParser(prog="python -m local.rehearsal", description=__doc__)
    parser.add_argument("--file", type=Path, default=FILE, help="the compose file; .env is read beside it")
    given = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    console = Console(highlight=False, markup=False)  # what a commit says is no markup
    try:
        return rehearse(given.file.absolute(), console)
    except (CouldNotRun, StackError) as error:
        print(error, file=sys.stderr)
        return COULD_NOT_RUN
    except RehearsalError as error:
        print(error, file=sys.stderr)
        return FAULT
    except KeyboardInterrupt:
        print(
            "Interrupted. The execution goes on; 'aws codepipeline stop-pipeline-execution' ends it.",
            file=sys.stderr,
        )
        return 130
    except Exception:  # noqa: BLE001  the outermost edge: what nobody foresaw is a fault of ours
        traceback.print_exc()
        return FAULT


if __name__ == "__main__":
    sys.exit(main())
