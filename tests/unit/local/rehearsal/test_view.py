import io

import pytest
from rich.console import Console

from local.rehearsal import story, view
from tests.unit.local.rehearsal.snapshots import BEGAN, action, deployment, snapshot, with_event


def drawn(width, subject="Light the lamp", lines=()):
    now = snapshot(
        [action("Source", "Source", "Succeeded"), action("orders", "Deploy", "InProgress")],
        [with_event(deployment(), "Install", "InProgress")],
        alarms={"lantern-orders-blue-errors": ["ALARM", "2 out of 3"]},
    )
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(view.draw(now, list(lines), BEGAN, subject))
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 150])
def test_the_picture_fits_any_terminal(width):
    assert max(len(line) for line in drawn(width).splitlines()) <= width


def test_it_shows_weights_failures_alarms_and_that_nothing_is_on_aws():
    picture = drawn(150)

    for words in (
        "nothing is deployed to AWS",
        "time scale 60",
        "90%",
        "10%",
        "10.0",
        "ALARM: lantern-orders-blue-errors",
    ):
        assert words in picture


def test_what_a_commit_or_an_error_says_is_shown_as_it_is():
    line = story.Line(BEGAN, story.REAL, "orders: [red]exit[/red] [link=x]")

    picture = drawn(150, subject="[bold]Hello[/] [nonsense", lines=[line])

    assert "[bold]Hello[/] [nonsense" in picture
    assert "[red]exit[/red] [link=x]" in picture
