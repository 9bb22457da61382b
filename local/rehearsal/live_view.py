"""Draws a snapshot as a live picture on a terminal. Pure: returns what rich draws."""

from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from local.rehearsal.progress import BAD, GOOD, LEGEND, Line

BAR_CELLS = 24
SHOWN_LINES = 12
SYMBOLS = {"Succeeded": ("✔", "green"), "Failed": ("✘", "red"), "InProgress": ("▶", "yellow")}
DEFAULT_SYMBOL = ("·", "dim")
TONES = {GOOD: "green", BAD: "red"}
COLUMNS = ("service", "production", "colour", "version", "tasks", "requests/s", "failed", "p95")
NUMBERS = COLUMNS[5:]


def draw(snapshot: dict[str, Any], lines: list[Line], began: float, subject: str) -> RenderableType:
    """Draw the stages, lifecycle events, services and alarms of a snapshot, and the last lines of progress.

    `began` is the execution's start in epoch seconds, `subject` the commit's.
    """
    return Group(
        _head(snapshot, began, subject),
        _stages(snapshot),
        *(
            _lifecycle(deployment)
            for deployment in snapshot["deployments"][-2:]
            if not deployment["rolls_back"]
        ),
        _services(snapshot),
        _alarms(snapshot),
        Panel(Group(*(line_text(line, began) for line in lines[-SHOWN_LINES:])), title="what happens"),
        Text(" · ".join(f"{mark}: {meaning}" for mark, meaning in LEGEND.items()), "dim"),
    )


def line_text(line: Line, began: float) -> Text:
    """Return a line of progress with its time since `began` and its mark."""
    return Text.assemble(
        (f"{max(0.0, line.at - began):6.1f} s ", "dim"),
        (f"{line.mark:<9}", "dim cyan"),
        (plain(line.text), TONES.get(line.tone, "")),
        overflow="fold",
    )


def plain(text: str) -> str:
    """Replace characters that control a terminal: subjects and programs' messages come from others."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _head(snapshot: dict[str, Any], began: float, subject: str) -> Panel:
    elapsed, scale, execution = snapshot["now"] - began, snapshot["scale"], snapshot["execution"]
    clock = f"{elapsed:5.1f} s here"
    if scale != 1:
        clock += f", time scale {scale:g}: what AWS waits for in a minute passes in {60 / scale:.3g} s"
    text = Text.assemble(
        (execution["commit"][:7], "bold"),
        f"  {plain(subject)}\n",
        (f"execution {execution['id']}  ", "dim"),
        clock,
    )
    return Panel(text, title="rehearsal on this laptop: nothing is deployed to AWS")


def _stages(snapshot: dict[str, Any]) -> Table:
    table = Table.grid(padding=(0, 3))
    cells = []
    for stage in snapshot["execution"]["stages"]:
        text = Text(f"{stage['name']}  ", "bold")
        for action in stage["actions"]:
            symbol, colour = SYMBOLS.get(action["status"], DEFAULT_SYMBOL)
            name = action["name"] if len(stage["actions"]) > 1 else ""
            text.append(f"{symbol} {name}{_duration(action, snapshot['now'])} ", colour)
        cells.append(text)
    table.add_row(*cells)
    return table


def _duration(action: dict[str, Any], now: float) -> str:
    if not action["started"]:
        return ""
    return f" {max(0.0, (action['ended'] or now) - action['started']):.0f} s"


def _lifecycle(deployment: dict[str, Any]) -> Text:
    text = Text(f"{deployment['group']:<11}", "bold")
    for event in deployment["events"]:
        symbol, colour = SYMBOLS.get(event["status"], DEFAULT_SYMBOL)
        text.append(f"{symbol} {event['name']} ", colour)
    return text


def _services(snapshot: dict[str, Any]) -> Table:
    table = Table(box=None, padding=(0, 2))
    for column in COLUMNS:
        table.add_column(column, justify="right" if column in NUMBERS else "left")
    for service in snapshot["services"]:
        head = (Text(service["name"], "bold"), _weight_bar(service))
        for row in _task_sets(service, snapshot["rates window s"]):
            table.add_row(*head, *row)
            head = (Text(""), Text(""))
    return table


def _weight_bar(service: dict[str, Any]) -> Text:
    """The weights of the production listener as one bar, in the target groups' colours."""
    text = Text()
    for name, percent in sorted(service["production"].items()):
        if percent:
            cells = round(BAR_CELLS * percent / 100)
            text.append("█" * max(1, cells), name.rpartition("-")[2])
            text.append(f" {percent}% ", "dim")
    return text


def _task_sets(service: dict[str, Any], window_s: float) -> list[tuple[RenderableType, ...]]:
    rows: list[tuple[RenderableType, ...]] = []
    for task_set in service["task sets"]:
        rates = service["target groups"][task_set["target group"]]
        requests, colour = rates["requests"], task_set["target group"].rpartition("-")[2]
        failed = rates["failed"] / requests if requests else 0.0
        rows.append(
            (
                Text(colour, colour),
                Text(plain(task_set["version"])),
                Text(f"{task_set['healthy']} of {task_set['desired']} healthy"),
                Text(f"{requests / window_s:.1f}"),
                Text(f"{failed:.0%}" if requests else "-", "red" if failed else ""),
                Text(f"{rates['p95'] * 1000:.0f} ms" if requests else "-"),
            )
        )
    return rows


def _alarms(snapshot: dict[str, Any]) -> Text:
    ringing = [name for name, (value, _) in snapshot["alarms"].items() if value == "ALARM"]
    if ringing:
        return Text(f"ALARM: {', '.join(ringing)}", "bold red")
    return Text(f"{len(snapshot['alarms'])} alarms, none rings", "dim")
