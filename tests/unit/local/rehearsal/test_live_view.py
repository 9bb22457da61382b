import io

import pytest
from rich.console import Console

from local.rehearsal import live_view
from local.rehearsal.__main__ import plain_console, print_verdict
from local.rehearsal.progress import BAD, Line, new_lines
from local.rehearsal.verdict import Verdict
from tests.unit.local.rehearsal.snapshots import (
    BLUE,
    GREEN,
    START,
    action,
    deployment,
    event,
    execution,
    service,
    snapshot,
    task_set,
)

HOSTILE = "[red]alert[/red] [/] [link=http://evil.invalid]:skull: \x1b[31m\x07 done"
SHOWN = "[red]alert[/red] [/] [link=http://evil.invalid]:skull:  [31m  done"
BUSY = snapshot(
    30,
    execution=execution(
        ("Source", action("Source", "Source", "Succeeded", 0, took=1)),
        *(
            ("Build", action(name, "Build", "Succeeded", 1, took=9))
            for name in ("catalog", "orders", "storefront")
        ),
        ("Deploy", action("catalog", "Deploy", "Failed", 11, took=4, error_message=HOSTILE)),
        ("Deploy", action("orders", "Deploy", "InProgress", 11)),
        ("Deploy", action("storefront", "Deploy")),
    ),
    deployments=[
        deployment(
            event("Install", "Succeeded", 12, 3),
            event("AllowTraffic", "InProgress", 16),
            event("AfterAllowTraffic"),
        )
    ],
    services=[
        service("catalog", task_sets=[]),
        service(
            "orders",
            [task_set(), task_set("ecs-svc/2", GREEN, HOSTILE, "ACTIVE", "exited (1)")],
            {BLUE: 90, GREEN: 10},
            requests=100,
            failed=7,
        ),
    ],
    alarms={"lantern-orders-errors": ["ALARM", HOSTILE]},
)


def rendered(renderable, width=150, **options):
    file = io.StringIO()
    Console(file=file, width=width, **options).print(renderable)
    return file.getvalue()


@pytest.mark.parametrize("width", [80, 150])
@pytest.mark.parametrize("now", [snapshot(), BUSY, BUSY | {"scale": 1.0}], ids=["idle", "busy", "real time"])
def test_any_snapshot_can_be_drawn_at_any_width(now, width):
    picture = live_view.draw(now, new_lines(None, now), START, "Light the lamp")

    text = rendered(picture, width, force_terminal=True)

    assert "nothing is deployed to AWS" in text
    plain = rendered(picture, width)
    assert max(len(line) for line in plain.splitlines()) <= width


def test_the_picture_shows_stages_weights_rates_and_alarms():
    text = rendered(live_view.draw(BUSY, [], START, "Light the lamp"))

    for part in (
        "0123456  Light the lamp",
        "30.0 s here, time scale 60: what AWS waits for in a minute passes in 1 s",
        "✔ catalog 9 s",
        "✘ catalog 4 s",
        "▶ orders 19 s",
        "✔ Install ▶ AllowTraffic · AfterAllowTraffic",
        "90% ",
        "7%",
        "120 ms",
        "ALARM: lantern-orders-errors",
    ):
        assert part in text, text


def test_a_subject_is_shown_as_it_is_and_controls_no_terminal():
    assert SHOWN in rendered(live_view.draw(BUSY, [], START, HOSTILE), 150)
    assert "\x1b[31m" not in rendered(
        live_view.draw(BUSY, [], START, HOSTILE), force_terminal=True, color_system=None
    )


def test_a_line_is_shown_as_it_is_and_controls_no_terminal():
    text = rendered(live_view.line_text(Line(START + 3, "real", HOSTILE, BAD), START))

    assert text == f"   3.0 s real     {SHOWN}\n"


def test_a_verdict_and_the_shoppers_table_are_shown_as_they_are():
    file = io.StringIO()

    print_verdict(Verdict(3, (HOSTILE,)), plain_console(file=file, width=80), [f"{HOSTILE[:15]} 12"])

    assert file.getvalue() == f"\n{SHOWN}\n  {HOSTILE[:15]} 12\n"


def test_a_step_of_the_start_is_shown_as_it_is():
    file = io.StringIO()

    plain_console(file=file, width=80).print("Starting [red]pipeline[/red] :skull: [/]")

    assert file.getvalue() == "Starting [red]pipeline[/red] :skull: [/]\n"
