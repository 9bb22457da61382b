"""`python -m dora --events history.jsonl`. Exit codes: 0 fine, 1 a source failed, 2 wrong input."""

import argparse
import gc
import json
import os
import sys
import time

from dora import as_json, options, page, table
from dora.errors import DoraError, SourceError
from dora.judging import judge_history
from dora.merging import combine
from dora.metrics import Report, report
from dora.readers import aws, csv_files, git, jsonl
from dora.records import History
from dora.windows import window


def main(arguments: list[str] | None = None) -> int:
    """Read, measure, show; every error is one message that says what to do."""
    given = options.parser().parse_args(arguments)
    gc.disable()  # a short life, half a million records, no cycles: collecting would only look at them all
    try:
        _show(given, _report(given))
    except DoraError as error:
        print(f"dora: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # whoever read had enough; nothing more can be written, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _report(given: argparse.Namespace) -> Report:
    parameters, now = options.parameters(given), time.time()
    span = window(given.since, given.until, now)
    return report(judge_history(_history(given), parameters), span, now)


def _history(given: argparse.Namespace) -> History:
    """What is said by hand stands first, then the API, then events."""
    sources = [jsonl.read(path) for path in given.events]
    if given.aws:
        commits: aws.Commits | None = None if given.git else {}
        read = aws.read(given.pipeline, alarms=given.alarms, scale=given.time_scale, commits=commits)
        sources.append(read)
    if given.csv:
        sources.append(csv_files.read(given.csv))
    history = combine(sources)
    return git.add_commits(history, given.git) if given.git else history


def _show(given: argparse.Namespace, made: Report) -> None:
    if given.html:
        try:
            given.html.write_text(page.page(made), encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise SourceError(f"--html {given.html}: {error.strerror or error}") from None
    if given.json:
        print(json.dumps(as_json.document(made), indent=1))
        return
    for line in table.lines(made, explain=given.explain):
        print(line)


if __name__ == "__main__":
    sys.exit(main())
