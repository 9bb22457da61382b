"""The console's pages about a pipeline, in a browser, before an account whose answers the test writes."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from tests.api.console import account as accounts
from tests.api.console.account import START_S, Account, action, deployment, event, execution
from tests.api.console.conftest import start_console
from tests.api.xray.server import client_of, new_trace_id, segment
from tests.api.xray.server import running as running_xray
from tests.browser.conftest import Theme, Visits
from tests.browser.harness import unused_address
from tests.browser.looks import accessibility_report, overflow
from tests.shop import Part

pytestmark = pytest.mark.requires("chromium")
HOSTILE = '<img src=x onerror="document.title=1">\u202e\x1b[31m{{7*7}}'


@dataclass
class Watched:
    """The account and where its console is."""

    account: Account
    url: str


@pytest.fixture(scope="module", name="xray")
def _xray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Part]:
    with running_xray(tmp_path_factory.mktemp("xray")) as part:
        yield part


@pytest.fixture(scope="module", name="started")
def _started(tmp_path_factory: pytest.TempPathFactory, xray: Part) -> Iterator[Watched]:
    with accounts.running() as account:
        endpoints = {
            "AWS_ENDPOINT_URL_CODEPIPELINE": account.url,
            "AWS_ENDPOINT_URL_CODEDEPLOY": account.url,
        }
        part = start_console(tmp_path_factory.mktemp("console"), xray.url, unused_address(), **endpoints)
        yield Watched(account, part.url)
        part.stop()


@pytest.fixture(name="watched")
def _watched(started: Watched) -> Watched:
    """An account with an execution that waits for an approval, one that failed, and its canary."""
    account = started.account
    account.reset()
    failed, waiting = execution(1, status="Failed"), execution(2, status="InProgress")
    account.add(failed, waiting)
    account.routing = {
        "type": "TimeBasedCanary",
        "timeBasedCanary": {"canaryPercentage": 10, "canaryInterval": 5},
    }
    error = {"code": "JobFailed", "message": f"ALARM_ACTIVE {HOSTILE}"}
    result = {"externalExecutionId": "d-AAA", "errorDetails": error}
    account.actions.insert(0, action(failed, "Deploy", "orders", status="Failed", result=result))
    account.deployments["d-AAA"] = deployment(
        "d-AAA", status="Stopped", errorInformation={"code": "ALARM_ACTIVE", "message": HOSTILE}
    )
    events = [event("Install", 0, 30), event("AllowTraffic", 40, 90, status="Failed")]
    account.targets["d-AAA"] = {"lifecycleEvents": events}
    account.approval = {
        "stageName": "Approve",
        "latestExecution": {"pipelineExecutionId": waiting["pipelineExecutionId"], "status": "InProgress"},
        "actionStates": [
            {
                "actionName": "by-hand",
                "latestExecution": {"status": "InProgress", "token": "00000000-1111-4222-8333-444444444444"},
            }
        ],
    }
    return started


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_fits_and_axe_finds_nothing(
    visit: Visits, watched: Watched, theme: Theme, width: int
) -> None:
    page = visit(watched.url + "/deployments", width, theme)

    failed = watched.account.executions[1]["pipelineExecutionId"]
    for path in ("/deployments", f"/deployments/{failed}", "/deployments/d-AAA"):
        page.goto(watched.url + path)
        expect(page.get_by_role("note")).to_contain_text("rehearsal on this laptop")
        assert overflow(page) == 0, path
        assert accessibility_report(page) == "", path
        assert page.locator("main img").count() == 0
        assert "Lantern console" in page.title()


def test_from_a_failed_execution_to_the_weights_of_its_canary(visit: Visits, watched: Watched) -> None:
    page = visit(watched.url + "/deployments")

    page.get_by_role("link", name="orders", exact=True).click()

    rows = page.get_by_role("table", name="Lifecycle events and weights").get_by_role("row")
    expect(rows.filter(has_text="AllowTraffic")).to_contain_text("Failed")
    expect(page.get_by_role("img", name=re.compile("Share of green"))).to_have_accessible_name(
        "Share of green in production: 0 % after 0 s, 10 % after 40.0 s, 0 % after 90.0 s"
    )


def two_versions(account: Account) -> None:
    """A deployment of 0000002 over 0000001 that has just ended."""
    previous, current = execution(1), execution(2)
    account.reset()
    account.add(previous, current)
    for of, name in ((previous, "d-OLD"), (current, "d-NEW")):
        account.actions.insert(0, action(of, "Deploy", "orders", result={"externalExecutionId": name}))
    now = time.time()
    account.deployments["d-OLD"] = deployment("d-OLD", createTime=now - 9000)
    times = {"createTime": now - 60, "startTime": now - 60, "completeTime": now}
    account.deployments["d-NEW"] = deployment("d-NEW", **times)


def test_the_95th_percentile_before_and_after_a_deployment_is_on_its_page(
    visit: Visits, watched: Watched, xray: Part
) -> None:
    two_versions(watched.account)
    client, now = client_of(xray), time.time()
    http = {"request": {"method": "GET", "url": "http://shop/orders"}, "response": {"status": 200}}
    for version, took_s in (("0000001", 0.1), ("0000002", 1.6)):
        for _ in range(25):
            traced = segment(new_trace_id(), "orders", annotations={"version": version}, http=http)
            traced |= {"start_time": now - 20, "end_time": now - 20 + took_s}
            client.put_trace_segments(TraceSegmentDocuments=[json.dumps(traced)])
    page = visit(watched.url + "/deployments")

    page.get_by_role("link", name="orders", exact=True).first.click()

    row = page.get_by_role("region", name="Before and after").get_by_role("row", name="GET /orders")
    expect(row).to_contain_text(re.compile(r"100(\.0)? ms"))
    expect(row).to_contain_text(re.compile(r"1,?600 ms|1\.60 s"))
    expect(row).to_contain_text(re.compile(r"\+\s?(1,?500 ms|1\.50 s)"))


def test_what_a_canary_did_and_why_it_ended_is_one_line_of_its_page(visit: Visits, watched: Watched) -> None:
    account = watched.account
    rule = {"EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 5}
    account.alarms = [{"AlarmName": "orders-errors", **rule}]
    change = json.dumps({"newState": {"stateValue": "ALARM"}})
    account.alarm_changes = [{"AlarmName": "orders-errors", "Timestamp": START_S + 88, "HistoryData": change}]
    page = visit(watched.url + "/deployments")

    page.get_by_role("link", name="orders", exact=True).click()

    told = "10 % for 50.0 s · alarm orders-errors (2 of 3 periods) · rolled back 2.0 s after the alarm"
    expect(page.locator(".diagnosis")).to_have_text(told)


def test_an_approval_is_given_with_what_was_typed_though_the_page_refreshed(
    visit: Visits, watched: Watched
) -> None:
    page = visit(watched.url + "/deployments")
    page.get_by_label("Comment").fill("looked at it")
    watched.account.add(execution(3))
    expect(page.get_by_role("link", name="Lamp 3")).to_be_visible(timeout=8_000)

    page.get_by_role("button", name="Approve").click()

    expect(page).to_have_url(re.compile("/deployments/0000"))
    [(name, parameters)] = watched.account.changed
    assert (name, parameters["result"]) == (
        "PutApprovalResult",
        {"status": "Approved", "summary": "looked at it"},
    )


def test_a_running_deployment_shows_its_next_event_by_itself_and_can_be_stopped(
    visit: Visits, watched: Watched
) -> None:
    account = watched.account
    account.deployments["d-RUN"] = deployment("d-RUN", status="InProgress", completeTime=None)
    account.targets["d-RUN"] = {"lifecycleEvents": [event("Install", 0, status="InProgress")]}
    page = visit(watched.url + "/deployments/d-RUN")

    account.targets["d-RUN"]["lifecycleEvents"].append(event("AllowTraffic", 40, status="InProgress"))

    expect(page.get_by_role("row").filter(has_text="AllowTraffic")).to_be_visible(timeout=8_000)
    page.get_by_role("button", name="Stop deployment d-RUN").click()
    expect(page.get_by_role("heading", name="orders: deployment d-RUN")).to_be_visible()
    assert account.changed == [("StopDeployment", {"deploymentId": "d-RUN", "autoRollbackEnabled": True})]
