"""`python -m local.rehearsal`: what `make rehearse` runs, told by COMMIT, RELEASE, TIME_SCALE, RATE.

Exit codes: 0 deployed, 3 rolled back, stopped, rejected or refused by a hook, 2 could not run, 1 a fault of
this tool, 130 interrupted (the execution goes on).
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
DEFAULTS = {"COMMIT": "HEAD", "RELEASE": commits.GOOD, "TIME_SCALE": "60", "APPROVAL": "no", "RATE": "20"}
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
    """COMMIT, RELEASE, TIME_SCALE, APPROVAL and RATE. Raises CouldNotRun, naming every wrong one."""
    said = DEFAULTS | {name: environ[name] for name in DEFAULTS if environ.get(name)}
    scale, rate = _number(said["TIME_SCALE"]), _number(said["RATE"])
    wrong = {
        "RELEASE": said["RELEASE"] not in commits.MEANINGS and f"one of {', '.join(commits.MEANINGS)}",
        "TIME_SCALE": not 1 <= scale <= MOST_SCALE
        and f"simulated seconds that pass in one, from 1 to {MOST_SCALE:g}",
        "APPROVAL": said["APPROVAL"] not in ("yes", "no") and "yes or no",
        "RATE": not 0 <= rate <= MOST_RATE and f"requests a second, from 0 for none to {MOST_RATE:g}",
    }
    if problems := [f"{name}={said[name]}: expected {what}" for name, what in wrong.items() if what]:
        raise CouldNotRun("; ".join(problems))
    return Wish(said["COMMIT"], said["RELEASE"], Pace(scale, said["APPROVAL"] == "yes"), rate)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0


def rehearse(file: Path, console: Console) -> int:
    """From a commit to its end; returns the exit code. Raises RehearsalError, StackError."""
    site = find(file)
    wish = read(site.environ)
    base = commits.resolve(site.root, wish.commit)
    commit = commits.release(site.root, base, wish.release)
    if wish.commit == "HEAD" and not commits.is_clean(site.root):
        console.print("Uncommitted changes stay at home: the commit is rehearsed as it is.", style="yellow")
    place = stage.prepare(site, wish.pace, console.print)
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
        console.print(view.plain(line), style="green" if verdict.code == 0 else "red", soft_wrap=True)
    for line in table:
        console.print(f"  {line}", soft_wrap=True)


def plain_console(**options: Any) -> Console:
    """Text is shown as it is: what a commit or a program says may hold rich's own marks."""
    return Console(highlight=False, markup=False, emoji=False, **options)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """See the module for the exit codes."""
    parser = argparse.ArgumentParser(prog="python -m local.rehearsal", description=__doc__)
    parser.add_argument("--file", type=Path, default=FILE, help="the compose file; .env is read beside it")
    given = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    console = plain_console()
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
