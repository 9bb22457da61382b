"""The pages about a pipeline and its deployments, before an account whose answers the test writes."""

import json
import re
import time
from html import unescape

import pytest
import requests

from tests.api.console import account as accounts
from tests.api.console.account import START_S, action, deployment, event, execution
from tests.api.console.conftest import start_console
from tests.api.console.test_safety import HOSTILE, Tags, csrf
from tests.api.console.test_speed import WITHIN_MS, server_ms
from tests.api.xray.server import new_trace_id, segment
from tests.ports import free_port

REHEARSAL = "rehearsal on this laptop"
MS = re.compile(r"dur=([\d.]+)")


@pytest.fixture(scope="module", name="started")
def _started(console, tmp_path_factory):
    """A console of its own, since the others look at no pipeline."""
    with accounts.running() as account:
        endpoints = {
            "AWS_ENDPOINT_URL_CODEPIPELINE": account.url,
            "AWS_ENDPOINT_URL_CODEDEPLOY": account.url,
        }
        part = start_console(
            tmp_path_factory.mktemp("deployments"), console.xray.url, console.aws.url, **endpoints
        )
        yield account, type(console)(part, console.xray, console.aws)
        part.stop()


@pytest.fixture(name="account")
def _account(started):
    started[0].reset()
    return started[0]


@pytest.fixture(name="account_console")
def _account_console(started, account):
    return started[1]


def shown(page):
    """The commits' messages in the order of the page."""
    return re.findall(r"<h2><a [^>]*><bdi>(.*?)</bdi>", page)


def waiting(of):
    """An approval of an execution."""
    latest = {"status": "InProgress", "token": "00000000-1111-4222-8333-444444444444"}
    return {
        "stageName": "Approve",
        "latestExecution": {"pipelineExecutionId": of["pipelineExecutionId"], "status": "InProgress"},
        "actionStates": [{"actionName": "by-hand", "latestExecution": latest}],
    }


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("000000", "/traces"),
        ("0000002a", "/deployments/00000000-0000-4000-8000-000000000002"),
        ("0000001" + "a" * 33, "/deployments/00000000-0000-4000-8000-000000000001"),
        ("d-aaa", "/deployments/d-AAA"),
        ("/api/orders", "/traces?filter=http.url"),
    ],
)
def test_the_question_box_leads_to_commits_deployments_and_paths(account_console, account, text, path):
    account.add(execution(1), execution(2))
    account.deployments["d-AAA"] = deployment("d-AAA")

    answer = account_console.get("/find", params={"q": text}, allow_redirects=False)

    assert answer.headers["Location"].startswith(path)


# --- the list


def test_executions_are_listed_newest_first_with_commit_trigger_stages_and_error(account_console, account):
    failed = execution(2, status="Failed")
    account.add(execution(1), failed)
    error = {"errorDetails": {"code": "JobFailed", "message": "ALARM_ACTIVE: too many errors"}}
    account.actions.insert(
        0,
        action(failed, "Deploy", "orders", status="Failed", result={"externalExecutionId": "d-AAA", **error}),
    )

    page = account_console.page("/deployments")

    assert shown(page) == ["Lamp 2", "Lamp 1"]
    assert "0000002" in page
    assert "CloudWatchEvent: OnPush" in page
    assert ", 90.0 s ·" in page
    assert re.search(r'class="stage fault">.*?Deploy', page, re.S)
    assert '<a href="/deployments/d-AAA">orders</a>' in page
    assert "<strong>JobFailed</strong> <bdi>ALARM_ACTIVE: too many errors</bdi>" in page


def test_actions_that_never_started_are_shown_too(account_console, account):
    account.add(execution(1, status="Failed"))

    page = account_console.page("/deployments")

    assert re.search(r"Deploy<span class=\"aloud\">: not begun", page)


def test_a_stand_in_is_called_a_rehearsal_on_every_page(account_console, account):
    run = execution(1)
    account.add(run)
    account.deployments["d-AAA"] = deployment(
        "d-AAA", description="time scale 60: a minute passes in a second"
    )

    for path in ("/deployments", f"/deployments/{run['pipelineExecutionId']}", "/deployments/d-AAA"):
        page = account_console.page(path)
        assert REHEARSAL in page
        assert "stand-in for CodePipeline and CodeDeploy" in page
        assert "deployed to AWS" not in page
    assert "time scale 60: a minute passes in a second" in account_console.page("/deployments/d-AAA")


def test_executions_are_paged_each_with_its_own_actions(account_console, account):
    account.add(*(execution(number) for number in range(60)))

    page, messages = account_console.page("/deployments"), []
    while True:
        messages += shown(page)
        assert page.count('class="stage ok"') == 2 * len(shown(page))
        older = re.search(r'<a rel="next" href="([^"]+)"', page)
        if not older:
            break
        page = account_console.page(unescape(older[1]))

    assert messages == [f"Lamp {number}" for number in reversed(range(60))]
    assert "Newest</a>" in page


def test_executions_are_filtered_by_status_and_service(account_console, account):
    good, bad = execution(1), execution(2, status="Failed")
    account.add(good, bad)
    account.actions.insert(0, action(bad, "Deploy", "orders", status="Failed"))

    assert shown(account_console.page("/deployments", status="Failed")) == ["Lamp 2"]
    assert shown(account_console.page("/deployments", status="Stopped")) == []
    page = account_console.page("/deployments", service="orders", status="Failed")
    assert shown(page) == ["Lamp 2"]
    assert ">catalog<" not in re.sub(r"<form class=\"bar\".*?</form>", "", page, flags=re.S)


@pytest.mark.parametrize("arguments", [{"status": "Sad"}, {"service": "nobody"}, {"count": "7"}])
def test_a_wrong_filter_is_refused_naming_it(account_console, arguments):
    answer = account_console.get("/deployments", params=arguments)

    assert answer.status_code == 400
    assert next(iter(arguments)) in answer.text


def test_a_filter_looks_further_back_than_one_answer(account_console, account):
    account.add(execution(0, status="Failed"), *(execution(number) for number in range(1, 150)))

    assert shown(account_console.page("/deployments", status="Failed")) == ["Lamp 0"]


def test_a_pipeline_that_never_ran_says_so(account_console):
    assert "has not run yet" in account_console.page("/deployments")


def test_a_pipeline_can_be_chosen_and_an_unknown_one_is_not_found(account_console, account):
    account.pipelines = ["lantern", "other"]

    assert "<option selected>lantern</option><option>other</option>" in account_console.page("/deployments")
    assert account_console.get("/deployments?pipeline=nobody").status_code == 404


def test_deployments_that_no_pipeline_started_are_listed_with_their_rollbacks(account_console, account):
    account.deployments = {
        "d-AAA": deployment(
            "d-AAA",
            status="Stopped",
            rollbackInfo={"rollbackDeploymentId": "d-BBB", "rollbackMessage": "It is rolled back."},
        ),
        "d-BBB": deployment(
            "d-BBB", createTime=START_S + 95, rollbackInfo={"rollbackTriggeringDeploymentId": "d-AAA"}
        ),
    }

    page = account_console.page("/deployments")

    assert page.index(">d-BBB</a></th>") < page.index(">d-AAA</a></th>")
    assert re.search(r"of <a[^>]*>d-AAA", page)
    assert re.search(r"by <a[^>]*>d-BBB", page)


# --- one execution


def test_an_execution_shows_every_action_and_leads_to_traces_of_its_version(account_console, account):
    run = execution(9)
    account.add(execution(8), run)

    page = unescape(account_console.page(f"/deployments/{run['pipelineExecutionId']}"))

    assert page.count("<tr data-key=") == 5
    assert "annotation%5Bversion%5D+%3D+%220000009%22" in page
    assert "not begun" in page


@pytest.mark.parametrize(
    "path", ["/deployments/none", "/deployments/d-NONE", "/deployments/d-<x>", "/deployments/d-NONE/compare"]
)
def test_an_unknown_execution_or_deployment_is_not_found(account_console, path):
    assert account_console.get(path).status_code == 404


def test_builds_link_to_their_log_lines_where_the_log_group_exists(account_console, account):
    run = execution(int((time.time() - START_S) // 3600))
    account.add(run)
    for build in account.actions:
        if build["stageName"] == "Build":
            build["output"] = {
                "executionResult": {"externalExecutionId": f"lantern-build:b-{build['actionName']}"}
            }
    account_console.log("build", "tests passed")
    account_console.client("logs").create_log_stream(logGroupName="/lantern/build", logStreamName="b-orders")
    event_ = {"timestamp": int(time.time() * 1000), "message": "of orders only"}
    account_console.client("logs").put_log_events(
        logGroupName="/lantern/build", logStreamName="b-orders", logEvents=[event_]
    )

    page = unescape(account_console.page("/deployments"))

    assert 'href="/logs?service=build&stream=b-orders&start=' in page
    lines = account_console.page("/logs", service="build", stream="b-orders", range="5m")
    assert "of orders only" in lines
    assert "tests passed" not in lines


# --- one deployment


def canary(account, name="d-AAA", **fields):
    """A canary of orders that failed while a tenth of production was green's."""
    account.routing = {
        "type": "TimeBasedCanary",
        "timeBasedCanary": {"canaryPercentage": 10, "canaryInterval": 5},
    }
    account.deployments[name] = deployment(
        name,
        status="Stopped",
        errorInformation={"code": "ALARM_ACTIVE", "message": "One or more alarms have been activated"},
        revision={
            "appSpecContent": {"content": "TaskDefinition: arn:aws:ecs:x:1:task-definition/orders:7\n"}
        },
        **fields,
    )
    account.targets[name] = {
        "lifecycleEvents": [
            event("Install", 0, 30),
            event("AllowTraffic", 40, 90, status="Failed", diagnostics={"message": "stopped by an alarm"}),
            event("AfterAllowTraffic", status="Skipped"),
        ],
        "taskSetsInfo": [
            {
                "identifer": "ecs-svc/1",
                "taskSetLabel": "Blue",
                "status": "PRIMARY",
                "desiredCount": 2,
                "runningCount": 2,
                "trafficWeight": 100.0,
                "targetGroup": {"name": "orders-green"},
            }
        ],
    }


def test_a_deployment_shows_its_events_its_weights_and_its_error(account_console, account):
    canary(account)

    page = unescape(account_console.page("/deployments/d-AAA"))

    assert "0 % after 0 s, 10 % after 40.0 s, 0 % after 90.0 s" in page
    assert "canary: 10 % for 5 min, then all" in page
    assert "keeps no history" in page
    assert "<strong>ALARM_ACTIVE</strong>" in page
    assert "stopped by an alarm" in page
    assert "task-definition/orders:7" in page
    assert "orders-errors" in page
    assert re.search(r"blue is <span class=\"mono\">orders-green</span>, green is .*?orders-blue", page)
    assert "data-live" not in page


def test_a_deployment_links_to_traces_and_log_lines_of_both_versions(account_console, account):
    previous, current = execution(1), execution(2)
    account.add(previous, current)
    for of, name in ((previous, "d-OLD"), (current, "d-AAA")):
        account.actions.insert(0, action(of, "Deploy", "orders", result={"externalExecutionId": name}))
    account.deployments["d-OLD"] = deployment("d-OLD", createTime=START_S - 9000)
    canary(account)

    account.alarms = [
        {"AlarmName": "orders-errors", "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 5}
    ]
    change = {"newState": {"stateValue": "ALARM"}}
    account.alarm_changes = [
        {"AlarmName": "orders-errors", "Timestamp": START_S + 88, "HistoryData": json.dumps(change)}
    ]

    page = unescape(account_console.page("/deployments/d-AAA"))

    assert (
        "10 % for 50.0 s · alarm orders-errors (2 of 3 periods) · rolled back 2.0 s after the alarm" in page
    )
    assert re.search(r"<strong>new</strong> <span class=\"mono\">0000002</span>", page)
    assert "Traces of green, 0000002" in page
    assert "Traces of blue, 0000001" in page
    assert "service(%22orders%22)+%7B+annotation%5Bversion%5D+%3D+%220000001%22+%7D" in page
    assert "/logs?service=orders&text=0000002&start=" in page
    assert f"/deployments/{current['pipelineExecutionId']}" in page
    assert "/deployments/d-AAA/compare" in page


def test_task_sets_have_states_only_while_the_deployment_runs(account_console, account):
    canary(account)
    ended = account_console.page("/deployments/d-AAA")
    account.deployments["d-AAA"] = deployment("d-AAA", status="InProgress")
    del account.deployments["d-AAA"]["completeTime"]
    running = account_console.page("/deployments/d-AAA")

    assert "Task sets when it ended" in ended
    assert "2 of 2 running" not in ended
    assert "PRIMARY" not in ended
    assert "Task sets now" in running
    assert "2 of 2 running" in running


def test_a_trace_of_blue_and_one_of_green_are_of_the_same_endpoint_and_headed_by_role_and_version(
    account_console, account
):
    previous, current = execution(1), execution(2)
    account.add(previous, current)
    for of, name in ((previous, "d-OLD"), (current, "d-AAA")):
        account.actions.insert(0, action(of, "Deploy", "orders", result={"externalExecutionId": name}))
    now = time.time()
    account.deployments["d-OLD"] = deployment("d-OLD", createTime=now - 9000)
    account.deployments["d-AAA"] = deployment(
        "d-AAA", createTime=now - 60, startTime=now - 60, completeTime=now
    )
    for version, method, status, took_s in (
        ("0000001", "GET", 200, 0.1),
        ("0000001", "POST", 409, 0.01),
        ("0000002", "GET", 200, 1.6),
        ("0000002", "POST", 201, 0.02),
    ):
        http = {
            "request": {"method": method, "url": "http://shop/orders"},
            "response": {"status": status},
        }
        times = {"start_time": now - 20, "end_time": now - 20 + took_s}
        flags = {"error": True} if status == 409 else {}
        annotated = segment(new_trace_id(), "orders", annotations={"version": version}, http=http)
        account_console.send({**annotated, **times, **flags})

    before_and_after = unescape(account_console.page("/deployments/d-AAA"))
    assert "GET /orders" in before_and_after
    assert "too few (below 20)" in before_and_after
    page = unescape(account_console.page("/deployments/d-AAA/compare"))

    assert "GET /orders, the endpoint at which the versions differ most" in page
    assert re.search(r">blue, old: 0000001, 100(\.0)? ms<.*>green, new: 0000002, 1,?600 ms<", page, re.S)
    assert "by=worst" in page
    assert account_console.get("/deployments/d-AAA/compare?by=luck").status_code == 400


def test_a_rollback_and_the_deployment_that_it_rolls_back_link_to_each_other(account_console, account):
    canary(account, rollbackInfo={"rollbackDeploymentId": "d-BBB", "rollbackMessage": "Triggered."})
    account.deployments["d-BBB"] = deployment(
        "d-BBB",
        createTime=START_S + 91,
        rollbackInfo={"rollbackTriggeringDeploymentId": "d-AAA", "rollbackMessage": "Rolls back."},
    )

    assert re.search(r"Rolled back by <a[^>]*>d-BBB</a>", account_console.page("/deployments/d-AAA"))
    page = account_console.page("/deployments/d-BBB")
    assert re.search(r"Rolls back <a[^>]*>d-AAA</a>", page)
    assert "100 % after 0 s" in page


def test_a_deployment_with_few_fields_is_shown(account_console, account):
    account.deployments["d-AAA"] = {"deploymentId": "d-AAA", "status": "Created", "createTime": START_S}

    page = account_console.page("/deployments/d-AAA")

    assert "No lifecycle event yet" in page
    assert 'data-live="3000"' in page


def test_blue_and_green_are_drawn_from_the_load_balancers_metrics(account_console, account):
    start = time.time() - 60
    canary(account)
    account.deployments["d-AAA"] |= {"createTime": start, "startTime": start, "completeTime": start + 30}
    account.targets["d-AAA"]["lifecycleEvents"] = []
    for name, count, errors in (("orders-blue", 10, 3), ("orders-green", 40, 0)):
        dimensions = [
            {"Name": "LoadBalancer", "Value": "app/lantern/1"},
            {"Name": "TargetGroup", "Value": f"targetgroup/{name}/2"},
        ]
        for metric, value in (("RequestCount", count), ("HTTPCode_Target_5XX_Count", errors)):
            data = {"MetricName": metric, "Dimensions": dimensions, "Timestamp": start + 10, "Value": value}
            account_console.client("cloudwatch").put_metric_data(
                Namespace="AWS/ApplicationELB", MetricData=[{**data, "StorageResolution": 1}]
            )

    own = {
        "MetricName": "HTTPCode_ELB_5XX_Count",
        "Dimensions": [{"Name": "LoadBalancer", "Value": "app/lantern/1"}],
        "Timestamp": start + 10,
        "Value": 7,
        "StorageResolution": 1,
    }
    account_console.client("cloudwatch").put_metric_data(Namespace="AWS/ApplicationELB", MetricData=[own])

    page = unescape(account_console.page("/deployments/d-AAA"))

    assert "load balancer: 7" in page
    assert "blue · orders-green: 40" in page
    assert "green · orders-blue: 10" in page
    assert "green · orders-blue: 30" in page  # percent


# --- changes


def test_an_approval_is_answered_with_a_comment(account_console, account):
    run = execution(1, status="InProgress")
    account.add(run)
    account.approval = waiting(run)
    session = requests.Session()
    page = session.get(f"{account_console.url}/deployments", timeout=10).text
    form = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))

    session.post(
        f"{account_console.url}/deployments/approval",
        data={**form, "comment": "looked at the canary", "answer": "Approved"},
        timeout=10,
    )

    assert "by-hand waits for an answer" in page
    [(name, parameters)] = account.changed
    assert name == "PutApprovalResult"
    assert parameters["result"] == {"status": "Approved", "summary": "looked at the canary"}
    assert (parameters["stageName"], parameters["actionName"]) == ("Approve", "by-hand")
    assert parameters["token"] == account.approval["actionStates"][0]["latestExecution"]["token"]


def test_an_execution_and_a_deployment_can_be_stopped_while_they_run(account_console, account):
    run = execution(1, status="InProgress")
    account.add(run)
    account.deployments["d-AAA"] = deployment("d-AAA", status="InProgress", completeTime=None)
    session = requests.Session()
    token = csrf(account_console, "/deployments", session)

    for path, form in (
        ("stop-execution", {"pipeline": "lantern", "execution": run["pipelineExecutionId"], "abandon": "on"}),
        ("stop-deployment", {"deployment": "d-AAA"}),
    ):
        answer = session.post(
            f"{account_console.url}/deployments/{path}", data={**form, "csrf_token": token}, timeout=10
        )
        assert answer.status_code == 200

    stopped, rolled = (parameters for _, parameters in account.changed)
    assert stopped["abandon"] is True
    assert rolled == {"deploymentId": "d-AAA", "autoRollbackEnabled": True}


def test_finished_executions_and_deployments_cannot_be_stopped(account_console, account):
    account.add(execution(1))
    account.deployments["d-AAA"] = deployment("d-AAA")

    page = account_console.page("/deployments")

    assert "/deployments/stop-" not in page
    assert "/deployments/approval" not in page


@pytest.mark.parametrize("path", ["approval", "stop-execution", "stop-deployment"])
def test_without_the_token_nothing_is_changed(account_console, account, path):
    form = {"deployment": "d-AAA", "pipeline": "lantern", "execution": "x", "csrf_token": "guessed"}

    answer = requests.post(f"{account_console.url}/deployments/{path}", data=form, timeout=10)

    assert answer.status_code == 400
    assert account.changed == []


@pytest.mark.parametrize(
    ("path", "form", "named"),
    [
        ("approval", {"pipeline": "lantern", "execution": "e", "answer": "Perhaps"}, "answer="),
        ("approval", {"pipeline": "lantern", "execution": "e", "answer": "Approved"}, "stage is empty"),
        ("stop-execution", {"pipeline": "lantern"}, "execution is empty"),
        ("stop-execution", {"pipeline": "lantern", "execution": "e", "reason": "x" * 201}, "reason"),
        ("stop-deployment", {}, "deployment is empty"),
    ],
)
def test_a_wrong_form_field_is_refused_naming_it(account_console, account, path, form, named):
    session = requests.Session()
    account.add(execution(1, status="InProgress"))
    token = csrf(account_console, "/deployments", session)

    answer = session.post(
        f"{account_console.url}/deployments/{path}", data={**form, "csrf_token": token}, timeout=10
    )

    assert answer.status_code == 400
    assert named in unescape(answer.text)
    assert account.changed == []


# --- hostile text, speed, and endpoints that do not answer


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text_on_each_page(account_console, account, text):
    text = text.replace("\x00", "")
    run = execution(1, status="InProgress", statusSummary=text)
    run["sourceRevisions"][0] |= {"revisionSummary": text, "revisionId": text}
    run["trigger"] = {"triggerType": "Webhook", "triggerDetail": text}
    account.add(run)
    account.approval = waiting(run)
    error = {"errorDetails": {"code": text, "message": text}, "externalExecutionSummary": text}
    account.actions.insert(0, action(run, "Deploy", text[:90], status="Failed", result=error))
    canary(account, description=text, creator="user")
    account.deployments["d-AAA"] |= {"errorInformation": {"code": "TIMEOUT", "message": text}}
    account.targets["d-AAA"]["lifecycleEvents"][1]["diagnostics"]["message"] = text

    for path in ("/deployments", f"/deployments/{run['pipelineExecutionId']}", "/deployments/d-AAA"):
        page = account_console.page(path)
        tags = Tags()
        tags.feed(page)
        assert "<script>document" not in page
        assert not [tag for tag, _ in tags.tags if tag in ("img", "style")]
        assert "<h1>mine" not in page
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page)
        assert not re.search(r'(href|src|action)="\s*javascript:', page)
        assert not [tag for tag, names in tags.tags if any(n == "style" or n.startswith("on") for n in names)]


def test_long_texts_are_cut(account_console, account):
    run = execution(1)
    run["sourceRevisions"][0]["revisionSummary"] = "x" * 2000
    account.add(run)

    assert len(account_console.page("/deployments")) < 20_000


def test_two_hundred_executions_take_300_ms_at_most(account_console, account):
    account.add(*(execution(number) for number in range(200)))

    assert len(shown(account_console.page("/deployments", count=200))) == 200
    assert server_ms(account_console, "/deployments") <= WITHIN_MS
    assert server_ms(account_console, "/deployments", count=200) <= WITHIN_MS


def test_a_page_asks_for_actions_only_as_far_back_as_it_shows(account_console, account):
    account.add(*(execution(number) for number in range(200)))

    account_console.page("/deployments")

    assert account.operations.count("ListActionExecutions") == 1


def test_without_an_endpoint_the_page_says_what_to_do(console, tmp_path):
    nobody = f"http://127.0.0.1:{free_port()}"
    endpoints = {"AWS_ENDPOINT_URL_CODEPIPELINE": nobody, "AWS_ENDPOINT_URL_CODEDEPLOY": nobody}
    part = start_console(tmp_path, console.xray.url, console.aws.url, **endpoints)
    try:
        account_console = type(console)(part, console.xray, console.aws)
        pages = [
            account_console.page(path) for path in ("/deployments", "/deployments/x", "/deployments/d-AAA")
        ]
        took_ms = float(MS.search(account_console.get("/deployments").headers["Server-Timing"])[1])
    finally:
        part.stop()

    for page in pages:
        assert "make rehearse" in page
        assert "make deploy" in page
    assert took_ms < 1500


def test_an_endpoint_that_does_not_answer_is_named_and_the_others_answers_are_shown(
    console, account, tmp_path
):
    account.add(execution(1))
    nobody = f"http://127.0.0.1:{free_port()}"
    endpoints = {"AWS_ENDPOINT_URL_CODEPIPELINE": account.url, "AWS_ENDPOINT_URL_CODEDEPLOY": nobody}
    part = start_console(tmp_path, console.xray.url, console.aws.url, **endpoints)
    try:
        account_console = type(console)(part, console.xray, console.aws)
        listed, single = account_console.page("/deployments"), account_console.page("/deployments/d-AAA")
    finally:
        part.stop()

    assert shown(listed) == ["Lamp 1"]
    assert nobody in listed
    assert "make rehearse" in single
    assert nobody in single


def test_a_local_aws_without_codepipeline_is_no_error(console):
    assert "make rehearse" in console.page("/deployments")


def test_an_account_without_a_pipeline_says_what_to_do(account_console, account):
    account.pipelines = []

    page = account_console.page("/deployments")

    assert "no pipeline in this account and region" in page
    assert "make deploy" in page
