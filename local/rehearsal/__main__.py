"""`python -m local.rehearsal`: the command behind `make rehearse`; environment variables are its settings.

Exit codes: 0 deployed, 3 rolled back, stopped, rejected or refused by a hook, 2 could not run, 1 a fault of
this tool, 130 interrupted (the execution goes on).
"""

import argparse
import contextlib
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

from local.rehearsal import commits, live_view
from local.rehearsal.bring_up import bring_up
from local.rehearsal.errors import CouldNotRun, RehearsalError
from local.rehearsal.pipeline_client import PipelineClient, PipelineOptions
from local.rehearsal.progress import Line, new_lines
from local.rehearsal.settings import Settings
from local.rehearsal.shoppers import shoppers, summary
from local.rehearsal.verdict import COULD_NOT_RUN, FAULT, Verdict, judge
from local.stack.errors import StackError
from local.stack.shelf import kept_full
from local.stack.site import find
from settings import SettingsError, load

FILE = Path(__file__).parents[2] / "docker-compose.yml"
POLL_S = 0.25


def rehearse(file: Path, console: Console) -> int:
    """Rehearse with the compose file's stack and return the exit code.

    Raises SettingsError, RehearsalError and StackError.
    """
    site = find(file)
    settings = load(Settings, site.environ)
    commit = commits.release(site.root, commits.resolve(site.root, settings.commit), settings.release)
    if settings.commit == "HEAD" and not commits.is_clean(site.root):
        console.print("Uncommitted changes stay at home: the commit is rehearsed as it is.", style="yellow")
    addresses = bring_up(site, PipelineOptions(settings.scale, settings.approval), console.print)
    client = PipelineClient(addresses.pipeline)
    commits.push(site.root, commit, client.repository)
    report = site.home / "logs" / "rehearsal-shoppers.log"
    deliveries = kept_full(site) if settings.rate else contextlib.nullcontext()
    with deliveries, shoppers(site.root, addresses.shop, settings.rate, report):
        execution = client.start(commit.id)
        verdict = watch(client, execution, commit.subject, console)
    print_verdict(verdict, console, summary(report) if settings.rate else [])
    return verdict.code


def watch(client: PipelineClient, execution: str, subject: str, console: Console) -> Verdict:
    """Show an execution to its end: as a live picture on a terminal, line by line elsewhere. Raises Lost."""
    before: dict[str, Any] | None = None
    lines: list[Line] = []
    live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
    if live:
        live.start()
    try:
        while True:
            snapshot = client.snapshot(execution)
            added = new_lines(before, snapshot)
            before, began = snapshot, snapshot["execution"]["created"]
            lines += added
            if live:
                live.update(live_view.draw(snapshot, lines, began, subject), refresh=True)
            else:
                for line in added:
                    console.print(live_view.line_text(line, began), soft_wrap=True)
            if verdict := judge(snapshot):
                break
            time.sleep(POLL_S)
    finally:
        if live:
            live.stop()
    if live:
        console.print(live_view.draw(snapshot, lines, began, subject))
    return verdict


def print_verdict(verdict: Verdict, console: Console, shoppers_summary: list[str]) -> None:
    """Print the verdict's lines, and below them the shoppers' table."""
    console.print()
    for line in verdict.lines:
        console.print(live_view.plain(line), style="green" if verdict.code == 0 else "red", soft_wrap=True)
    for line in shoppers_summary:
        console.print(f"  {line}", soft_wrap=True)


def plain_console(**options: Any) -> Console:
    """Return a console without rich's own markup, which a commit or a program's message could contain."""
    return Console(highlight=False, markup=False, emoji=False, **options)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Parse the arguments, rehearse, and return the exit code that the module describes."""
    parser = argparse.ArgumentParser(prog="python -m local.rehearsal", description=__doc__)
    parser.add_argument("--file", type=Path, default=FILE, help="the compose file; .env is read beside it")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return rehearse(arguments.file.absolute(), plain_console())
    except (CouldNotRun, SettingsError, StackError) as error:
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
    except Exception:  # noqa: BLE001  the outermost edge: an unforeseen error is a fault of this tool
        traceback.print_exc()
        return FAULT


if __name__ == "__main__":
    sys.exit(main())
