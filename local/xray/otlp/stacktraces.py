"""Stack traces, as the SDKs of the languages write them, into frames and the exceptions behind them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Frame = dict[str, Any]

JAVA_FRAME = re.compile(r"\tat ([^(]*)\((.*)\)")
JAVA_CAUSE = "Caused by: "
PYTHON_FRAME = "  File "
PYTHON_CAUSES = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
PYTHON_MARKS = re.compile(r" +[~^][ ~^]*")  # below a frame's source line, since Python 3.11
JAVASCRIPT_PLACE = re.compile(r"(.*?):(\d+):\d+")
GO_ROUTINE = re.compile(r"goroutine.*\brunning\b.*:")
GO_PLACE = re.compile(r"([^:\s]+):(\d+)")


@dataclass(slots=True)
class TracedException:
    """An exception of a stack trace; the first one's type and message come from the event instead."""

    type: str = ""
    message: str = ""
    stack: list[Frame] = field(default_factory=list)


def parse(language: str, stacktrace: str) -> list[TracedException]:
    """The exception and those that caused it, each after the one that it caused.

    `language` is the resource's telemetry.sdk.language. Lines that can't be read are left out.
    """
    parser = PARSERS.get(language)
    return parser(stacktrace) if parser and stacktrace else [TracedException()]


def _java(stacktrace: str) -> list[TracedException]:
    exceptions = [TracedException()]
    is_message = False  # a cause's message may go on for lines
    for line in stacktrace.splitlines()[1:]:
        if frame := JAVA_FRAME.fullmatch(line):
            is_message = False
            path, _, number = frame[2].partition(":")
            exceptions[-1].stack.append(_frame(path, number, frame[1].partition("/")[2] or frame[1]))
        elif is_message:
            exceptions[-1].message += line
        elif line.startswith(JAVA_CAUSE):
            kind, _, message = line.removeprefix(JAVA_CAUSE).partition(":")
            exceptions.append(TracedException(kind, message[1:]))
            is_message = True
    return exceptions


def _python(stacktrace: str) -> list[TracedException]:
    exceptions = [TracedException()]
    lines = stacktrace.split("\n")
    index = len(lines) - 2  # the last line is the exception itself
    while index >= 0:
        line = lines[index]
        if line.startswith(PYTHON_FRAME):
            parts = line.split(",")
            if len(parts) == 3:
                exceptions[-1].stack.append(_python_frame(*parts))
        elif line.startswith(PYTHON_CAUSES):
            index, cause = _python_cause(lines, index)
            if cause is None:
                break
            exceptions.append(cause)
            continue
        index -= 1
    return exceptions


def _python_frame(file: str, line: str, function: str) -> Frame:
    number = line.removeprefix(" line ") if line.startswith(" line ") else ""
    label = function.removeprefix(" in ") if function.startswith(" in ") else ""
    return _frame(file[8:-1], number, label)


def _python_cause(lines: list[str], index: int) -> tuple[int, TracedException | None]:
    """The exception above the line that announces the next, and the index of its last frame."""
    frame = next((i for i in range(index - 1, -1, -1) if lines[i].startswith(PYTHON_FRAME)), None)
    if frame is None:
        return -1, None
    message = [line for line in lines[frame + 2 : index - 1] if not PYTHON_MARKS.fullmatch(line)]
    kind, colon, detail = "\n".join(message).partition(":")
    return frame, TracedException(kind, detail[1:]) if colon else None


def _javascript(stacktrace: str) -> list[TracedException]:
    stack = []
    for line in stacktrace.splitlines()[1:]:
        if not line.startswith("    at "):
            continue
        label, paren, path = line.removeprefix("    at ").partition("(")
        if not paren:
            label, path = "", label
        elif not path.endswith(")"):
            continue
        else:
            path = path[:-1]
        place = JAVASCRIPT_PLACE.fullmatch(path)
        stack.append(_frame(place[1], place[2], label) if place else _frame(path, "", label))
    return [TracedException(stack=stack)]


def _dotnet(stacktrace: str) -> list[TracedException]:
    stack = []
    for line in (line.strip() for line in stacktrace.splitlines()[1:]):
        if not line.startswith("at "):
            continue
        label, is_placed, place = line.removeprefix("at ").partition(" in ")
        if is_placed:
            path, _, number = place.rpartition(":") if ":" in place else (place, "", "")
            stack.append(_frame(path, number.removeprefix("line "), label))
        elif ")" in line:
            stack.append(_frame("", "", label[: label.rindex(")") + 1]))
    return [TracedException(stack=stack)]


def _go(stacktrace: str) -> list[TracedException]:
    lines = [line for line in stacktrace.splitlines()[1:] if not GO_ROUTINE.fullmatch(line)]
    stack = []
    for label, place in zip(lines[::2], lines[1::2], strict=False):
        position = GO_PLACE.search(place)
        stack.append(_frame(position[1], position[2], label) if position else _frame("", "", label))
    return [TracedException(stack=stack)]


def _frame(path: str, line: str, label: str) -> Frame:
    return {"path": path, "line": int(line) if re.fullmatch(r"[0-9]{1,9}", line) else 0, "label": label}


PARSERS: dict[str, Callable[[str], list[TracedException]]] = {
    "java": _java,
    "php": _java,  # PHP's SDK writes them as Java does
    "python": _python,
    "javascript": _javascript,
    "nodejs": _javascript,
    "webjs": _javascript,
    "dotnet": _dotnet,
    "go": _go,
}
