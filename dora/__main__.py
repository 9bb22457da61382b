"""The command `python -m dora`. Exit codes: 0 success, 1 a source could not be read, 2 wrong input."""

import argparse
import gc
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from dora import command_line, html_report, json_report, text_report, validation
from dora.analysis import analyse
from dora.deduplication import combine
from dora.errors import DoraError, SourceError
from dora.metrics import Report, report
from dora.readers import csv_files, event_files, git, pipeline_history
from dora.readers.csv_formats import csv_format
from dora.records import SAMPLE, History, Note
from dora.windows import Window, window

SAMPLE_FOLDER = Path(__file__).with_name("sample")
SAMPLE_WINDOW = ("2026-07-01", "2026-10-01")
MADE_UP = Note(SAMPLE, "dora/sample", "made-up figures of a team that does not exist")
MOST_MESSAGES = 200


def main(arguments: list[str] | None = None) -> int:
    """Read the sources, measure, and print the report; returns the exit code."""
    options = command_line.parser().parse_args(arguments)
    try:
        _show(options, _report(options))
    except DoraError as error:
        for message in error.messages[:MOST_MESSAGES]:
            print(f"dora: {message}", file=sys.stderr)
        if len(error.messages) > MOST_MESSAGES:
            print(f"dora: and {len(error.messages) - MOST_MESSAGES} more mistakes", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader of stdout is gone; nothing can be written, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _report(options: argparse.Namespace) -> Report:
    rules, now = command_line.rules(options), time.time()
    if options.since != "first":
        window(options.since, options.until, now)  # a wrong option is told before a long reading
    analysis = analyse(_history(options), rules)
    return report(analysis, _window(options, analysis.began_at, now), now)


def _window(options: argparse.Namespace, began_at: float | None, now: float) -> Window:
    if options.sample:
        return window(*SAMPLE_WINDOW, now)
    if options.since != "first":
        return window(options.since, options.until, now)
    last_day = window("1d", options.until, now)
    return last_day if began_at is None else Window(min(began_at, last_day.start), last_day.end)


def _history(options: argparse.Namespace) -> History:
    """All sources as one history: CSV files take precedence over the API, and the API over events."""
    sources = [event_files.read(options.events)] if options.events else []
    if options.aws:
        sources.append(_aws_history(options))
    if options.csv:
        sources.append(csv_files.read(options.csv, csv_format(options.format, options.columns)))
    if options.sample:
        sources.append(csv_files.read(SAMPLE_FOLDER))
        sources.append(History(notes=(MADE_UP,)))
    history = combine(sources)
    validation.check(history)
    return git.add_commits(history, options.git) if options.git else history


def _aws_history(options: argparse.Namespace) -> History:
    """The history that --aws reads. Raises SourceError with AWS's message and what to do."""
    import boto3  # here, so that a report from files needs no boto3
    import botocore.exceptions

    try:
        history, problems = pipeline_history.read(
            boto3.Session(),
            options.pipeline,
            alarms=options.alarms,
            traces=options.traces,
            scale=options.time_scale,
            has_log=bool(options.git),
        )
    except botocore.exceptions.ClientError as error:
        code, message = (error.response["Error"].get(key, "") for key in ("Code", "Message"))
        hint = " --pipeline names it." if code == "PipelineNotFoundException" else ""
        raise SourceError(f"--aws: {error.operation_name}: {code}: {message}{hint}") from None
    except botocore.exceptions.BotoCoreError as error:
        raise SourceError(
            f"--aws: {error} Needed are credentials and AWS_DEFAULT_REGION; on the laptop also "
            "AWS_ENDPOINT_URL_CODEPIPELINE and AWS_ENDPOINT_URL_CODEDEPLOY."
        ) from None
    unread = tuple(Note("aws", problem.source, f"can't be read: {problem.error}") for problem in problems)
    return replace(history, notes=(*history.notes, *unread))


def _show(options: argparse.Namespace, measured: Report) -> None:
    if options.html:
        try:
            with options.html.open("w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(html_report.html(measured, options.by or ""))
        except OSError as error:
            raise SourceError(f"--html {options.html}: {error.strerror or error}") from None
    if options.json:
        json_report.write(measured, sys.stdout)
        return
    for line in text_report.lines(measured, explain=options.explain, by=options.by or ""):
        print(line)


if __name__ == "__main__":
    gc.disable()  # half a million records without cycles: a collection would only visit them all
    sys.exit(main())
