"""A snapshot as a live picture on a terminal; pure, out comes what rich draws."""

from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from local.rehearsal.story import BAD, GOOD, LEGEND, Line

BAR = 24
SHOWN_LINES = 12
SYMBOLS = {"Succeeded": ("✔", "green"), "Failed": ("✘", "red"), "InProgress": ("▶", "yellow")}
OTHER = ("·", "dim")
TONES = {GOOD: "green", BAD: "red"}


def draw(snapshot: dict[str, Any], lines: list[Line], began: float, subject: str) -> RenderableType:
    """Everything at one moment: stages, lifecycle events, weights and error rates, alarms, the last lines."""
    return Group(
        _head(snapshot, began, subject),
        _stages(snapshot),
        *(_lifecycle(one) for one in snapshot["deployments"][-2:] if not one["rolls_back"]),
        _services(snapshot),
        _alarms(snapshot),
        Panel(Group(*(line_text(line, began) for line in lines[-SHOWN_LINES:])), title="what happens"),
        _legend(),
    )


def line_text(line: Line, began: float) -> Text:
    """A line with its time and mark."""
    return Text.assemble(
        (f"{max(0.0, line.at - began):6.1f} s ", "dim"),
        (f"{line.mark:<9}", "dim cyan"),
        (plain(line.text), TONES.get(line.tone, "")),
        overflow="fold",
    )


def plain(text: str) -> str:
    """Without what would steer a terminal: a commit's subject and a program's words are somebody else's."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _head(snapshot: dict[str, Any], began: float, subject: str) -> Panel:
    elapsed, scale = snapshot["now"] - began, snapshot["scale"]
    execution = snapshot["execution"]
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
    row = []
    for stage in snapshot["execution"]["stages"]:
        text = Text(f"{stage['name']}  ", "bold")
        names = len(stage["actions"]) > 1
        for action in stage["actions"]:
            symbol, colour = SYMBOLS.get(action["status"], OTHER)
            text.append(
                f"{symbol} {action['name'] if names else ''}{_took(action, snapshot['now'])} ", colour
            )
        row.append(text)
    table.add_row(*row)
    return table


def _took(thing: dict[str, Any], now: float) -> str:
    if not thing["started"]:
        return ""
    return f" {max(0.0, (thing['ended'] or now) - thing['started']):.0f} s"


def _lifecycle(deployment: dict[str, Any]) -> Text:
    text = Text(f"{deployment['group']:<11}", "bold")
    for event in deployment["events"]:
        symbol, colour = SYMBOLS.get(event["status"], OTHER)
        text.append(f"{symbol} {event['name']} ", colour)
    return text


def _services(snapshot: dict[str, Any]) -> Table:
    table = Table(box=None, padding=(0, 2))
    for head in ("service", "production", "colour", "version", "tasks", "requests/s", "failed", "p95"):
        table.add_column(head, justify="right" if head in ("requests/s", "failed", "p95") else "left")
    for service in snapshot["services"]:
        for index, row in enumerate(_colours(service, snapshot["rates window s"])):
            first = (Text(service["name"], "bold"), _bar(service)) if index == 0 else (Text(""), Text(""))
            table.add_row(*first, *row)
    return table


def _bar(service: dict[str, Any]) -> Text:
    """Production's shares as one bar, in the target groups' colours."""
    text = Text()
    for name, share in sorted(service["production"].items()):
        if share:
            cells = max(1, round(BAR * share / 100)) if share < 50 else round(BAR * share / 100)
            text.append("█" * cells, name.rpartition("-")[2])
            text.append(f" {share}% ", "dim")
    return text


def _colours(service: dict[str, Any], window_s: float) -> list[tuple[RenderableType, ...]]:
    rows: list[tuple[RenderableType, ...]] = []
    for one in service["task sets"]:
        rates = service["target groups"][one["target group"]]
        colour = one["target group"].rpartition("-")[2]
        failed = rates["failed"] / rates["requests"] if rates["requests"] else 0.0
        rows.append(
            (
                Text(colour, colour),
                Text(plain(one["version"])),
                Text(f"{one['healthy']} of {one['desired']} healthy"),
                Text(f"{rates['requests'] / window_s:.1f}"),
                Text(f"{failed:.0%}" if rates["requests"] else "-", "red" if failed else ""),
                Text(f"{rates['p95'] * 1000:.0f} ms" if rates["requests"] else "-"),
            )
        )
    return rows


def _alarms(snapshot: dict[str, Any]) -> Text:
    ringing = [name for name, (value, _) in snapshot["alarms"].items() if value == "ALARM"]
    if ringing:
        return Text(f"ALARM: {', '.join(ringing)}", "bold red")
    return Text(f"{len(snapshot['alarms'])} alarms, none rings", "dim")


def _legend() -> Text:
    return Text(" · ".join(f"{mark}: {meaning}" for mark, meaning in LEGEND.items()), "dim")
