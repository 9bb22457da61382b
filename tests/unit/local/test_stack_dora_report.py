"""`make dora` before the pipeline's own journal and API, filled with a history that a person computed."""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from local.pipeline.api_server import ApiServer
from local.pipeline.codedeploy.deployment_machine import Deployment, Event, Phase
from local.pipeline.codedeploy.deployments import deployment_records
from local.pipeline.codepipeline.execution_machine import Execution, pending_stages
from local.pipeline.codepipeline.executions import execution_records
from local.pipeline.runner import Runner
from local.pipeline.settings import Settings
from local.stack import dora_report
from local.stack.errors import NotThere
from settings import load
from tests.unit.dora import hand_made
from tests.unit.dora.hand_made import ALARM_ACTIVE, HOOK_FAILURE, SCALE, at

ROOT = Path(__file__).parents[3]
# release: (began, users saw it, all users had it, over, status, error), as in hand_made.py
RELEASES = {
    "good": ("09:00:40", "09:00:50", "09:00:55", "09:01:00", "Succeeded", ("", "")),
    "blocked": ("10:00:40", "", "", "10:00:50", "Failed", HOOK_FAILURE),
    "failed": ("11:00:40", "11:00:50", "", "11:01:00", "Stopped", ALARM_ACTIVE),
    "hotfix": ("11:30:40", "11:30:50", "11:30:55", "11:31:00", "Succeeded", ("", "")),
}
BACK = {"blocked": "d-BACK1", "failed": "d-BACK2"}
RUNS = {release: f"{number}0000000-0000-4000-8000-000000000000" for number, release in enumerate(RELEASES, 1)}


class Silent(WSGIRequestHandler):
    """Says nothing of what it answers."""

    def log_message(self, *_):
        pass


@pytest.fixture(name="pipeline", scope="module")
def _pipeline(tmp_path_factory):
    """The real API server before the real journal, without the runner's threads; returns its port."""
    state = tmp_path_factory.mktemp("pipeline")
    runner = Runner(load(Settings, {"STATE_DIR": str(state), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}))
    fill(runner, hand_made.commit_all(tmp_path_factory.mktemp("hashes")))
    server = make_server("127.0.0.1", 0, ApiServer(runner), handler_class=Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()
    runner.stop()


def fill(runner, commits):
    for line in hand_made.EVENTS.read_text().splitlines():
        runner.journal.announce(json.loads(line))
    for release in RELEASES:
        run = execution(runner, release, commits[release])
        execution_records(runner.journal).put(run.id, run)
        for record in deployments_of(release):
            deployment_records(runner.journal).put(record.id, record)


def execution(runner, release, commit):
    began, _, _, over, status, (code, message) = RELEASES[release]
    committed, subject = hand_made.MESSAGES[release]
    run = Execution(
        pipeline=runner.architecture.pipeline["Name"],
        stages=pending_stages(runner.architecture.pipeline),
        id=RUNS[release],
        commit=commit,
        summary=subject.split("\n")[0],
        author="Ada",
        authored=at(committed),
        trigger_type="StartPipelineExecution",
        trigger_detail="laptop",
        created=at(f"{began[:5]}:00"),
        ended=at(over),
        scale=SCALE,
        status="Succeeded" if status == "Succeeded" else "Failed",
    )
    for action in run.stages[-1].actions:
        if action.name == "orders":
            action.id, action.started, action.ended = f"{RUNS[release][:-1]}3", at(began), at(over)
            action.status, action.external_id = run.status, f"d-{release.upper()}"
            action.error_code, action.error_message = (
                ("JobFailed", f"{code}: {message}") if code else ("", "")
            )
    return run


def deployments_of(release):
    began, seen, live, over, status, (code, message) = RELEASES[release]
    traffic = Event(name="AllowTraffic", status="Pending")
    if seen:
        ended = at(live or over)
        traffic = Event(
            name="AllowTraffic", status="Succeeded" if live else "Failed", started=at(seen), ended=ended
        )
    record = deployment(
        f"d-{release.upper()}", began, over, events=[traffic], status=status, phase=Phase.ENDED
    )
    record.error_code, record.error_message, record.description = (
        code,
        message,
        "time scale 60: a minute passes in 1 s",
    )
    if release not in BACK:
        return [record]
    record.rollback, record.rollback_message = BACK[release], "rolled back"
    back = deployment(
        BACK[release], over, over, status="Succeeded", phase=Phase.ENDED, creator="codeDeployRollback"
    )
    back.rolls_back, back.rollback_message = record.id, "rolls back"
    return [record, back]


def deployment(key, began, over, **members):
    about = {"creator": "user", "config": "CodeDeployDefault.ECSCanary10Percent5Minutes", "scale": SCALE}
    where = {"blue": "ecs-svc/1", "green": "ecs-svc/2", "blue_targets": "b", "green_targets": "g"}
    times = {"created": at(began), "started": at(began), "ended": at(over)}
    what = {"application": "lantern", "group": "orders", "app_spec": "version: 0.0", "task_definition": "arn"}
    return Deployment(id=key, **(about | where | times | what | members))


@pytest.fixture(name="checkout")
def _checkout(tmp_path):
    """A checkout with the history's commits; its compose file is the real one."""
    hand_made.commit_all(tmp_path)
    (tmp_path / "docker-compose.yml").write_text((ROOT / "docker-compose.yml").read_text())
    return tmp_path


def make_dora(checkout, port, **variables):
    """What the Makefile's target runs."""
    command = [sys.executable, "-m", "local.stack", "--file", str(checkout / "docker-compose.yml"), "dora"]
    environ = {"PATH": os.environ["PATH"], "HOME": str(checkout), "PIPELINE_PORT": str(port), "AWS_PORT": "9"}
    environ |= {"PYTHONPATH": str(ROOT), "AWS_PROFILE": "somebody-elses", "HTTP_PROXY": "http://127.0.0.1:9"}
    return subprocess.run(
        command,
        cwd=checkout,
        env=environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_journal_api_and_git_give_the_figures_that_a_person_computes(pipeline, checkout):
    done = make_dora(checkout, pipeline, SINCE="2026-11-02", UNTIL="2026-11-03", EXPLAIN="1")

    assert (done.returncode, done.stderr) == (0, "")
    rows = dict(re.findall(r"^  ([a-z][\w ]+?)  +(\S.*?  +(?:n = \d+|\d+ of \d+))", done.stdout, re.M))
    assert {name: re.sub(" +", " ", row) for name, row in rows.items()} == {
        # Committed 09:50:00, 10:50:00, 11:20:00, live for all at 11:30:55, when AllowTraffic was over:
        # 6055 s, 2455 s, 655 s. The median is 2455 s = 40.9 min.
        "change lead time": "40.9 min n = 3",
        # good, failed, hotfix in one day; the blocked one no user saw
        "deployment frequency": "3.00 a day n = 3",
        "change fail rate": "33.3 % 1 of 3",
        # From 11:00:50, when AllowTraffic began, to 11:01:00, when it was rolled back
        "failed deployment recovery time": "10.0 s n = 1",
        "deployment rework rate": "33.3 % 1 of 3",
    }
    # (6055 + 2455 + 655) / 3 = 9165 / 3 = 3055 s = 50.9 min
    assert "median 40.9 min, mean 50.9 min, p90 1.7 h" in done.stdout
    assert "from the first alarm: median 6.0 s" in done.stdout
    assert "caught before users: 1; running: 0" in done.stdout
    assert "rework: trailer Fixes-Deployment: d-FAILED" in done.stdout
    assert "time scale 60: five minutes passed in 5.0 s" in done.stdout
    assert "the commits' own times" not in done.stdout  # git knew them
    assert "notes on what could not be used" not in done.stdout


def test_the_report_is_one_file_that_says_the_time_scale(pipeline, checkout):
    done = make_dora(checkout, pipeline, SINCE="2026-11-02", UNTIL="2026-11-03", HTML="report.html")

    page = (checkout / "report.html").read_text()
    assert done.returncode == 0
    assert "time scale 60: five minutes passed in 5.0 s" in page
    assert "d-HOTFIX" in page
    assert len((checkout / ".lantern/history.jsonl").read_text().splitlines()) == 50


def test_without_the_pipeline_it_says_what_starts_it(checkout):
    done = make_dora(checkout, 9)

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
def test_what_cannot_be_read_is_refused(pipeline, checkout, variables, words):
    done = make_dora(checkout, pipeline, **variables)

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
