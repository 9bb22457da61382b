"""A pipeline as the laptop has it after some releases: the real API server on a journal filled by hand."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

from local.pipeline.api_server import ApiServer
from local.pipeline.codedeploy.deployment_machine import Deployment, Event, Phase
from local.pipeline.codedeploy.deployments import deployment_records
from local.pipeline.codepipeline.execution_machine import Execution, pending_stages
from local.pipeline.codepipeline.executions import execution_records
from local.pipeline.runner import Runner
from local.pipeline.settings import Settings
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
BACK = {"blocked": ("d-BACK1", "10:00:55"), "failed": ("d-BACK2", "11:01:05")}  # the roll-back and its end
RUNS = {release: f"{number}0000000-0000-4000-8000-000000000000" for number, release in enumerate(RELEASES, 1)}


class Silent(WSGIRequestHandler):
    """Says nothing of what it answers."""

    def log_message(self, *_):
        pass


def _with_traces(api, traces):
    def answer(environ, start_response):
        if environ["PATH_INFO"] != "/TraceSummaries":
            return api(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"TraceSummaries": list(traces)}).encode()]

    return answer


@contextmanager
def serve(state, fill, traces=()) -> Iterator[int]:
    """Serve the API of a runner, without its threads, that `fill` has filled; yields the port.

    X-Ray answers there too, with `traces` as the summaries of all traces with a fault."""
    runner = Runner(load(Settings, {"STATE_DIR": str(state), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}))
    fill(runner)
    server = make_server("127.0.0.1", 0, _with_traces(ApiServer(runner), traces), handler_class=Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        runner.stop()


def make_dora(folder, port, **variables):
    """What the Makefile's target runs, in a folder without git: the pipeline at `port` has the commits."""
    (folder / "docker-compose.yml").write_text((ROOT / "docker-compose.yml").read_text())
    command = [sys.executable, "-m", "local.stack", "--file", str(folder / "docker-compose.yml"), "dora"]
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "PIPELINE_PORT": str(port), "AWS_PORT": "9"}
    environ |= {"XRAY_PORT": str(port)}
    environ |= {"PYTHONPATH": str(ROOT), "AWS_PROFILE": "somebody-elses", "HTTP_PROXY": "http://127.0.0.1:9"}
    return subprocess.run(
        command,
        cwd=folder,
        env=environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def hand_made_history(checkout):
    """A function that fills a runner with the history of hand_made.py; its commits are made in `checkout`."""

    def fill(runner):
        commits = hand_made.commit_all(checkout)
        push = ["git", "-C", str(checkout), "push", "--quiet", str(runner.repository.path), "main"]
        subprocess.run(push, check=True, capture_output=True)
        for line in hand_made.EVENTS.read_text().splitlines():
            runner.journal.announce(json.loads(line))
        for release in RELEASES:
            run = execution(runner, release, commits[release])
            execution_records(runner.journal).put(run.id, run)
            for record in deployments_of(release):
                deployment_records(runner.journal).put(record.id, record)

    return fill


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
    back_id, back_over = BACK[release]
    record.rollback, record.rollback_message = back_id, "rolled back"
    back = deployment(
        back_id, over, back_over, status="Succeeded", phase=Phase.ENDED, creator="codeDeployRollback"
    )
    back.rolls_back, back.rollback_message = record.id, "rolls back"
    return [record, back]


def deployment(key, began, over, **members):
    about = {"creator": "user", "config": "CodeDeployDefault.ECSCanary10Percent5Minutes", "scale": SCALE}
    where = {"blue": "ecs-svc/1", "green": "ecs-svc/2", "blue_targets": "b", "green_targets": "g"}
    times = {"created": at(began), "started": at(began), "ended": at(over)}
    what = {"application": "lantern", "group": "orders", "app_spec": "version: 0.0", "task_definition": "arn"}
    return Deployment(id=key, **(about | where | times | what | members))
