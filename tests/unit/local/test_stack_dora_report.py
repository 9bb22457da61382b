"""`make dora` before the pipeline's own journal and API, filled with a history that a person computed."""

import re

import pytest

from local.stack import dora_report
from local.stack.errors import NotThere
from tests.unit.dora import laptop


@pytest.fixture(name="pipeline", scope="module")
def _pipeline(tmp_path_factory):
    """The port of the pipeline's API."""
    fill = laptop.hand_made_history(tmp_path_factory.mktemp("checkout"))
    with laptop.serve(tmp_path_factory.mktemp("pipeline"), fill) as port:
        yield port


def test_journal_and_apis_give_the_figures_that_a_person_computes(pipeline, tmp_path):
    done = laptop.make_dora(tmp_path, pipeline, SINCE="2026-11-02", UNTIL="2026-11-03", EXPLAIN="1")

    assert (done.returncode, done.stderr) == (0, "")
    rows = dict(re.findall(r"^  ([a-z][\w ]+?)  +(\S.*?  +(?:n = \d+|\d+ of \d+))", done.stdout, re.M))
    assert {name: re.sub(" +", " ", row) for name, row in rows.items()} == {
        # Committed 09:50:00, 10:50:00, 11:20:00, live for all at 11:30:55, when AllowTraffic was over:
        # 6055 s, 2455 s, 655 s. The median is 2455 s = 40.9 min.
        "change lead time": "40.9 min n = 3",
        # good, failed, hotfix in one day; the blocked one no user saw
        "deployment frequency": "3.00 a day n = 3",
        "change fail rate": "33.3 % 1 of 3",
        # From 11:00:50, when AllowTraffic began, to 11:01:05, when the roll-back had succeeded
        "failed deployment recovery time": "15.0 s n = 1",
        "deployment rework rate": "33.3 % 1 of 3",
    }
    # (6055 + 2455 + 655) / 3 = 9165 / 3 = 3055 s = 50.9 min
    assert "median 40.9 min, mean 50.9 min, p90 1.7 h" in done.stdout
    assert "from the first alarm: median 11.0 s" in done.stdout
    assert "caught before users: 1; running: 0" in done.stdout
    assert "rework: trailer Fixes-Deployment: d-FAILED" in done.stdout
    assert "time scale 60: five minutes passed in 5.0 s" in done.stdout
    assert "the commits' own times" not in done.stdout  # CodeCommit's place knew them
    assert "notes on what could not be used" not in done.stdout


def test_the_report_is_one_file_that_says_the_time_scale(pipeline, tmp_path):
    done = laptop.make_dora(tmp_path, pipeline, SINCE="2026-11-02", UNTIL="2026-11-03", HTML="report.html")

    page = (tmp_path / "report.html").read_text()
    assert done.returncode == 0
    assert "time scale 60: five minutes passed in 5.0 s" in page
    assert "d-HOTFIX" in page
    assert len((tmp_path / ".lantern/history.jsonl").read_text().splitlines()) == 50


def test_without_the_pipeline_it_says_what_starts_it(tmp_path):
    done = laptop.make_dora(tmp_path, 9)

    assert (done.returncode, done.stdout) == (1, "")
    assert "The pipeline does not answer at http://127.0.0.1:9" in done.stderr
    assert "make rehearse starts it" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"SINCE": "soon"}, "--since 'soon': expected UTC"),
        ({"SINCE": "--help"}, "--since '--help': expected UTC"),
        ({"MODE": "fast", "UNTIL": "1969-01-01"}, "--until '1969-01-01'"),
    ],
)
def test_what_cannot_be_read_is_refused(pipeline, tmp_path, variables, words):
    done = laptop.make_dora(tmp_path, pipeline, **variables)

    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_something_else_on_that_port_is_not_taken_for_the_pipeline(monkeypatch):
    class Answer:
        def __init__(self, text):
            self.read = lambda: text

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    for text in ("<html>", "[1]", '{"message": "x"}', "null"):
        monkeypatch.setattr(
            dora_report, "OPENER", type("Opener", (), {"open": lambda *_, text=text, **__: Answer(text)})
        )

        with pytest.raises(NotThere, match="does not answer"):
            dora_report.events("http://127.0.0.1:4567")


def test_without_a_window_it_begins_at_the_first_deployment(pipeline, tmp_path):
    """The first pipeline execution began on 2 November 2026 at 9 o'clock."""
    done = laptop.make_dora(tmp_path, pipeline, UNTIL="2026-11-10")

    assert done.stdout.startswith("2026-11-02T09:00:00Z to 2026-11-10T00:00:00Z")


def test_weeks_may_stand_beside_each_other(pipeline, tmp_path):
    done = laptop.make_dora(tmp_path, pipeline, UNTIL="2026-11-10", BY="week")

    assert re.search(r"^orders +2026-W45 +2026-W46$", done.stdout, re.M)


def test_the_sample_needs_no_pipeline(tmp_path):
    done = laptop.make_dora(tmp_path, 9, SAMPLE="1")

    assert (done.returncode, done.stderr) == (0, "")
    assert "made-up figures of a team that does not exist" in done.stdout.splitlines()[0]
