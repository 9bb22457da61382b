"""The command `python -m dora`. Exit codes: 0 success, 1 a source could not be read, 2 wrong input."""

import argparse
import gc
import json
import os
import sys
import time

from dora import command_line, html_report, json_report, text_report
from dora.analysis import analyse
from dora.deduplication import combine
from dora.errors import DoraError, SourceError
from dora.metrics import Report, report
from dora.readers import aws_api, csv_files, event_files, git
from dora.records import History
from dora.windows import window


def main(arguments: list[str] | None = None) -> int:
    """Read the sources, measure, and print the report; returns the exit code."""
    options = command_line.parser().parse_args(arguments)
    gc.disable()  # half a million records without cycles: a collection would only visit them all
    try:
        _show(options, _report(options))
    except DoraError as error:
        print(f"dora: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader of stdout is gone; nothing can be written, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _report(options: argparse.Namespace) -> Report:
    rules, now = command_line.rules(options), time.time()
    span = window(options.since, options.until, now)
    return report(analyse(_history(options), rules), span, now)


def _history(options: argparse.Namespace) -> History:
    """All sources as one history: CSV files take precedence over the API, and the API over events."""
    sources = [event_files.read(path) for path in options.events]
    if options.aws:
        sources.append(
            aws_api.read(
                options.pipeline,
                alarms=options.alarms,
                scale=options.time_scale,
                commits=None if options.git else {},
            )
        )
    if options.csv:
        sources.append(csv_files.read(options.csv))
    history = combine(sources)
    return git.add_commits(history, options.git) if options.git else history


def _show(options: argparse.Namespace, measured: Report) -> None:
    if options.html:
        try:
            options.html.write_text(html_report.html(measured), encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise SourceError(f"--html {options.html}: {error.strerror or error}") from None
    if options.json:
        print(json.dumps(json_report.document(measured), indent=1))
        return
    for line in text_report.lines(measured, explain=options.explain):
        print(line)


if __name__ == "__main__":
    sys.exit(main())
