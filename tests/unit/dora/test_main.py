import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import boto3
import pytest

from dora.__main__ import main
from tests.unit.dora.readers.answers import Session
from tests.unit.dora.readers.sample_events import SHA, alarm, deployment, good_run, stopped_run

ROOT = Path(__file__).parents[3]
HOSTILE = "<script>alert(1)</script>\"'&"
NOVEMBER = ("--since", "2026-11-01", "--until", "2026-12-01")


def csv_folder(folder, title="Trim the wick"):
    (folder / "deployments.csv").write_text(
        "id,service,status,started_at,exposed_at,live_at,ended_at,restored_at,branch\n"
        "d-1,orders,succeeded,2026-11-01T10:00:00Z,2026-11-01T10:05:00Z,2026-11-01T10:10:00Z,,,\n"
        "d-2,orders,succeeded,2026-11-02T10:00:00Z,2026-11-02T10:05:00Z,2026-11-02T10:10:00Z,,,\n"
        "d-3,orders,stopped,2026-11-03T10:00:00Z,2026-11-03T10:05:00Z,,2026-11-03T10:08:00Z,2026-11-03T10:08:00Z,\n"
        "d-4,orders,succeeded,2026-11-04T10:00:00Z,2026-11-04T10:05:00Z,2026-11-04T10:10:00Z,,,hotfix/wick\n"
        "d-5,orders,failed,2026-11-05T10:00:00Z,never,,2026-11-05T10:02:00Z,,\n"
    )
    quoted = title.replace('"', '""')
    (folder / "commits.csv").write_text(
        f'sha,committed_at,deployment_id,message\nb1,2026-11-02T08:10:00Z,d-2,"{quoted}"\n'
        "c1,2026-11-03T09:10:00Z,d-3,Lost\nd1,2026-11-04T09:10:00Z,d-4,Found\n"
    )
    (folder / "incidents.csv").write_text(
        f'id,service,opened_at,closed_at,title\ni-1,orders,2026-11-20T10:00:00Z,,"{quoted}"\n'
    )
    return folder


def events_file(path, *events):
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


def test_the_table_says_each_figure_with_its_n(tmp_path, capsys):
    """By hand: 2 h, 25 h and 1 h of lead time; 4 deployments in 30 days; 1 of 4 failed, for 3 minutes."""
    assert main(["--csv", str(csv_folder(tmp_path)), *NOVEMBER]) == 0

    output = capsys.readouterr().out
    rows = dict(re.findall(r"^  (\w[\w ]+?)  +(\S.*?  +(?:n = \d+|\d+ of \d+))", output, re.M))
    assert {name: re.sub(" +", " ", row) for name, row in rows.items()} == {
        "change lead time": "2.0 h n = 3",
        "deployment frequency": "1 in 7.5 days n = 4",
        "change fail rate": "25.0 % 1 of 4",
        "failed deployment recovery time": "3.0 min n = 1",
        "deployment rework rate": "25.0 % 1 of 4",
    }
    assert "caught before users: 1" in output


def test_explain_names_deployments_and_commits(tmp_path, capsys):
    main(["--csv", str(csv_folder(tmp_path)), *NOVEMBER, "--explain"])

    output = capsys.readouterr().out
    assert "1.0 d: c1 Lost in d-4, live 2026-11-04T10:10:00Z" in output
    assert "d-3 failed: stopped while users saw it" in output
    assert (
        "incident i-1 at 2026-11-20T10:00:00Z is not in it: nothing went live in the 24 hours before it"
        in output
    )


def test_json_has_everything(tmp_path, capsys):
    main(["--csv", str(csv_folder(tmp_path)), *NOVEMBER, "--json", "--headline", "mean"])

    orders = json.loads(capsys.readouterr().out)["services"]["orders"]
    lead = orders["metrics"]["change lead time"]
    assert (lead["value"], lead["summary"]["median"], lead["deployments"]) == (
        100_800 / 3,
        7200,
        ["d-2", "d-4"],
    )
    assert orders["metrics"]["change fail rate"]["denominator"] == 4
    assert [deployment["id"] for deployment in orders["deployments"] if deployment["class"] == "failed"] == [
        "d-3"
    ]
    assert orders["outages"][0]["seconds"] == 180


class Page(HTMLParser):
    """Which elements a page has, and what they point to."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.ids, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.open += [] if tag == "meta" else [tag]
        self.links += [value for name, value in attributes if name in ("src", "href", "srcset", "action")]
        self.ids += [value for name, value in attributes if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_needs_nothing_else_and_escapes_everything(tmp_path):
    page = tmp_path / "page.html"

    main(["--csv", str(csv_folder(tmp_path, HOSTILE)), *NOVEMBER, "--html", str(page)])

    text = page.read_text()
    elements = Page(text)
    assert elements.open == []
    assert {link.removeprefix("#") for link in elements.links} <= set(elements.ids)
    assert not {"script", "link", "img", "iframe", "object"} & set(elements.tags)
    assert {"svg", "details", "circle", "path", "rect", "table"} <= set(elements.tags)
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "@import" not in text
    assert "url(" not in text
    assert "prefers-color-scheme: dark" in text


def test_a_hurried_history_is_marked_in_every_output(tmp_path, capsys):
    hurried = [
        deployment("d-1", "START", "1 10:00", scale=60),
        deployment("d-1", "SUCCESS", "1 10:20", scale=60),
    ]
    arguments = ["--events", str(events_file(tmp_path / "e.jsonl", *hurried)), *NOVEMBER]
    page = tmp_path / "page.html"

    main([*arguments, "--html", str(page)])
    table = capsys.readouterr().out
    main([*arguments, "--json"])
    document = json.loads(capsys.readouterr().out)

    words = "time scale 60: five minutes passed in 5.0 s"
    assert words in table
    assert words in page.read_text()
    assert words in document["warning"]
    assert document["time_scale"] == [60]


def test_events_and_files_are_one_history(tmp_path, capsys):
    """A CSV line fills in what events do not say of the same deployment."""
    (tmp_path / "deployments.csv").write_text(
        "id,service,status,started_at,exposed_at,live_at\n"
        "d-2,orders,succeeded,2026-11-02T10:06:00Z,2026-11-02T10:08:00Z,2026-11-02T10:13:00Z\n"
    )
    runs = [*good_run("run-1", SHA["aaa"], "d-1", 1), *good_run("run-2", SHA["bbb"], "d-2", 2)]
    file = events_file(tmp_path / "e.jsonl", *runs)

    main(["--events", str(file), "--csv", str(tmp_path), *NOVEMBER, "--json"])

    deployments = json.loads(capsys.readouterr().out)["services"]["orders"]["deployments"]
    assert [(record["id"], record["revision"], record["at"]) for record in deployments] == [
        ("d-1", SHA["aaa"], "2026-11-01T10:20:00Z"),
        ("d-2", SHA["bbb"], "2026-11-02T10:13:00Z"),
    ]


def test_what_could_not_be_used_is_said(tmp_path, capsys):
    stopped = [
        *stopped_run("run-1", SHA["aaa"], "d-1", 1, "MANUAL_STOP: by a user"),
        alarm("x", "ALARM", "1 10:00"),
    ]

    main(["--events", str(events_file(tmp_path / "e.jsonl", *stopped)), *NOVEMBER])

    output = capsys.readouterr().out
    assert "3 notes on what could not be used or had to be assumed" in output
    assert "events d-1: no event says whether users saw it; --aws or a record tells" in output
    assert "failed, and nobody knows whether users saw it: 1" in output


def test_no_deployments_are_no_data(tmp_path, capsys):
    assert main(["--events", str(events_file(tmp_path / "e.jsonl")), *NOVEMBER]) == 0

    assert "no data: no deployment of any service was found" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "no source: give --events FILE.jsonl, --csv FOLDER or --aws"),
        (["--csv", "nowhere"], 1, "--csv nowhere: there is no such folder"),
        (["--events", "nowhere.jsonl"], 1, "--events nowhere.jsonl: No such file"),
        (
            ["--csv", "GOOD", "--alarm-minutes", "inf"],
            2,
            "--alarm-minutes inf: expected a number of at least 0",
        ),
        (["--csv", "GOOD", "--format", "jenkins"], 2, "--format jenkins: expected one of lantern"),
        (["--csv", "GOOD", "--since", "soon"], 2, "--since 'soon': expected UTC"),
        (["--csv", "GOOD", "--link-hours", "-1"], 2, "--link-hours -1.0: expected a number of at least 0"),
        (["--csv", "GOOD", "--flap-minutes", "nan"], 2, "--flap-minutes nan: expected a number"),
        (["--csv", "GOOD", "--git", "GOOD"], 1, "not a git repository"),
        (["--csv", "GOOD", "--html", "nowhere/page.html"], 1, "--html nowhere/page.html: No such file"),
        (["--events", "BROKEN"], 2, "line 2: expected one JSON object a line"),
    ],
)
def test_an_error_is_one_line_with_what_was_expected(tmp_path, capsys, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{}\n{\n")
    places = {"GOOD": str(csv_folder(tmp_path)), "BROKEN": str(broken)}

    assert main([places.get(argument, argument) for argument in arguments]) == code

    message = capsys.readouterr().err
    assert words in message
    assert message.count("\n") == 1
    assert "Traceback" not in message


def test_it_runs_as_a_module_without_boto3(tmp_path):
    """A report from files needs the standard library only."""
    program = (
        "import runpy, sys; sys.modules['boto3'] = sys.modules['botocore'] = None; sys.argv = "
        f"['dora', '--csv', {str(csv_folder(tmp_path))!r}]; runpy.run_module('dora', run_name='__main__')"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_control_characters_of_others_do_not_reach_the_terminal(tmp_path, capsys):
    main(["--csv", str(csv_folder(tmp_path, "\x1b[2Jgone")), *NOVEMBER, "--explain"])

    assert "\x1b" not in capsys.readouterr().out


def test_every_broken_line_of_every_file_is_told(tmp_path, capsys):
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_bytes(b'{}\n{"a"\n\n\xff\n')
    second.write_text("[\n")

    assert main(["--events", str(first), "--events", str(second)]) == 2

    messages = capsys.readouterr().err.splitlines()
    assert [message.partition(":")[2].partition(": ")[0].strip() for message in messages] == [
        f"{first}, line 2",
        f"{first}, line 4",
        f"{second}, line 1",
    ]


def test_the_same_events_in_one_file_or_in_two_are_the_same_history(tmp_path, capsys):
    runs = [*good_run("run-1", SHA["aaa"], "d-1", 1), *stopped_run("run-2", SHA["bbb"], "d-2", 2)]
    whole = events_file(tmp_path / "whole.jsonl", *runs)
    halves = [events_file(tmp_path / f"{n}.jsonl", *runs[n::2]) for n in (0, 1)]
    outputs = []
    for files in ([whole], halves, halves[::-1], [whole, *halves]):
        main([*(text for file in files for text in ("--events", str(file))), *NOVEMBER, "--json"])
        document = json.loads(capsys.readouterr().out)
        outputs.append({key: value for key, value in document.items() if key != "at"})

    assert outputs[1:] == [outputs[0]] * 3


def test_a_roll_back_of_an_unknown_deployment_is_an_error_with_its_line(tmp_path, capsys):
    (tmp_path / "deployments.csv").write_text(
        "id,service,status,started_at,rollback_of\nd-1,orders,succeeded,2026-11-01T10:00:00Z,d-0\n"
    )

    assert main(["--csv", str(tmp_path)]) == 2

    assert capsys.readouterr().err == (
        f"dora: {tmp_path}/deployments.csv, line 2: d-1 takes back d-0, "
        "and no source has a deployment of that id\n"
    )


def test_a_roll_back_may_take_back_what_another_source_knows(tmp_path, capsys):
    file = events_file(tmp_path / "e.jsonl", *good_run("run-1", SHA["aaa"], "d-0", 1))
    (tmp_path / "deployments.csv").write_text(
        "id,service,status,started_at,ended_at,rollback_of\n"
        "d-1,orders,succeeded,2026-11-01T11:00:00Z,2026-11-01T11:05:00Z,d-0\n"
    )

    assert main(["--events", str(file), "--csv", str(tmp_path), *NOVEMBER, "--json"]) == 0

    orders = json.loads(capsys.readouterr().out)["services"]["orders"]
    assert orders["outages"][0]["recovered"] == "2026-11-01T11:05:00Z"


def test_a_number_without_a_unit_is_refused_with_what_was_meant(tmp_path, capsys):
    assert main(["--csv", str(csv_folder(tmp_path)), "--since", "90"]) == 2

    assert capsys.readouterr().err == "dora: --since 90: expected a unit, such as 90d for 90 days\n"


def test_the_first_deployment_may_begin_the_window(tmp_path, capsys):
    """From 2026-11-01T10:00:00Z until the 5th: 3.58 days, begun days count: 4 deployments in 4 days."""
    main(["--csv", str(csv_folder(tmp_path)), "--since", "first", "--until", "2026-11-05", "--json"])

    document = json.loads(capsys.readouterr().out)
    assert document["window"]["start"] == "2026-11-01T10:00:00Z"
    assert document["services"]["orders"]["metrics"]["deployment frequency"]["value"] == 1


def test_weeks_stand_beside_each_other(tmp_path, capsys):
    """1 November 2026 is a Sunday: the first week holds d-1, the next d-2, d-3, which failed, and d-4."""
    main(["--csv", str(csv_folder(tmp_path)), *NOVEMBER, "--by", "week"])

    rows = [re.split("  +", line.strip()) for line in capsys.readouterr().out.splitlines()]
    head = next(row for row in rows if row[0] == "orders")
    rates = next(number for number, row in enumerate(rows) if row[0] == "change fail rate")
    assert head[1:4] == ["2026-W44", "2026-W45", "2026-W46"]
    assert rows[rates][1:4] == ["0.0 %", "33.3 %", "no data"]
    assert rows[rates + 1][:2] == ["0 of 1", "1 of 3"]


def test_explain_names_what_a_failed_canary_brought(tmp_path, capsys):
    main(["--csv", str(csv_folder(tmp_path)), *NOVEMBER, "--explain"])

    assert "      brought c1 Lost" in capsys.readouterr().out


def test_a_team_names_its_hotfix_branches(tmp_path, capsys):
    folder = csv_folder(tmp_path)
    text = (folder / "deployments.csv").read_text()
    (folder / "deployments.csv").write_text(text.replace("hotfix/wick", "repair-wick"))

    main(["--csv", str(folder), *NOVEMBER, "--hotfix-branch", "repair-*", "--json"])

    rework = json.loads(capsys.readouterr().out)["services"]["orders"]["metrics"]["deployment rework rate"]
    assert (rework["numerator"], rework["deployments"]) == (1, ["d-4"])


def test_without_incidents_a_fail_rate_has_no_grade(tmp_path, capsys):
    folder = csv_folder(tmp_path)
    arguments = ["--csv", str(folder), *NOVEMBER, "--json"]
    main(arguments)
    graded = json.loads(capsys.readouterr().out)["services"]["orders"]
    (folder / "incidents.csv").unlink()

    main(arguments)
    blind = json.loads(capsys.readouterr().out)["services"]["orders"]

    for name in ("change fail rate", "failed deployment recovery time", "deployment rework rate"):
        assert graded["metrics"][name]["orientation"]["score"] is not None
        assert blind["metrics"][name]["orientation"]["score"] is None
        assert blind["metrics"][name]["orientation"]["cluster"] is None
        assert blind["metrics"][name]["sources"] == "incidents: nobody looked for them"
    assert blind["quick_check_score"] is None


def test_the_sample_is_shown_and_marked_as_made_up(tmp_path, capsys):
    page = tmp_path / "page.html"

    assert main(["--sample", "--html", str(page)]) == 0

    output = capsys.readouterr().out
    assert "made-up figures of a team that does not exist" in output.splitlines()[0]
    assert "made-up figures of a team that does not exist" in page.read_text()
    assert "2026-07-01T00:00:00Z to 2026-10-01T00:00:00Z" in output
    assert "no data" not in output


class Refusing(Session):
    """An account without that pipeline."""

    def __init__(self):
        super().__init__()
        self.stubs["codepipeline"].add_client_error(
            "list_pipeline_executions",
            "PipelineNotFoundException",
            "The account has no pipeline with the name 'x'",
        )


def test_a_pipeline_that_is_not_there_is_said_with_the_option(capsys, monkeypatch):
    session = Refusing()
    monkeypatch.setattr(boto3, "Session", lambda: session)

    assert main(["--aws", "--pipeline", "x"]) == 1

    message = capsys.readouterr().err
    assert "--aws: ListPipelineExecutions: PipelineNotFoundException: " in message
    assert "--pipeline names it" in message


def test_a_machine_without_a_region_is_told_what_to_set(capsys, monkeypatch):
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")

    assert main(["--aws"]) == 1

    assert re.search(r"You must specify a region.*AWS_DEFAULT_REGION", capsys.readouterr().err)
