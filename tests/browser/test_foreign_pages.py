"""What a web page of another origin can do to Lantern's ports: nothing changes, runs or can be read.

The pages are real ones in a real Chromium: at another port of this machine, at another host name, and at a
name that leads to the very port that it asks (DNS rebinding). docs/security.md says what stands against them.
"""

import html
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from playwright.sync_api import Browser, Playwright

from local.processes import forwarding
from tests.browser import conftest, foreign
from tests.browser.every_port import EveryPort, locust_state
from tests.browser.foreign import Shot, elsewhere, foreign_page, get, signed
from tests.conftest import find_browser
from tests.shop import SERVICES
from tests.waiting import wait_until

pytestmark = [pytest.mark.requires("chromium"), pytest.mark.requires("haproxy")]

TRACE = "1-5f84c7a1-0123456789abcdef01234567"
SEGMENT = json.dumps(
    {"trace_id": TRACE, "id": "0123456789abcdef", "name": "foreign", "start_time": 1, "end_time": 2}
)
SPAN = {
    "traceId": TRACE[2:].replace("-", ""),
    "spanId": "0123456789abcdef",
    "startTimeUnixNano": str(time.time_ns()),
    "endTimeUnixNano": str(time.time_ns()),
}
SPANS = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]})
SKU = "bamboo-festival-lantern"
ORDER = json.dumps({"items": [{"sku": SKU, "quantity": 1}]})
PRESIGNED = urlencode(
    {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "laptop/20260101/us-east-1/s3/aws4_request",
        "X-Amz-Date": "20260101T000000Z",
        "X-Amz-Expires": "604800",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "0",
    }
)
PAGES = {"storefront": "/", "production": "/", "test": "/", "console": "/map", "xray": "/", "traffic": "/"}
HOSTS = (
    "127.0.0.1",
    "evil.example",
)  # at another port: another origin, in Chromium's words of the same site or not
PORTS = ("aws", "xray", "logs", "console", *SERVICES, "production", "test", "traffic", "pipeline")


def stack_that_runs(marker: Path) -> str:
    """A template whose custom resource makes CloudFormation run a function that it brings along."""
    code = f"def handler(event, context):\n    open({str(marker)!r}, 'w').write('ran')\n"
    function = {
        "FunctionName": "foreign",
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": "arn:aws:iam::111122223333:role/any",
        "Code": {"ZipFile": code},
    }
    token = {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}}
    return json.dumps(
        {
            "Resources": {
                "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
                "Custom": {"Type": "AWS::CloudFormation::CustomResource", "Properties": token},
            }
        }
    )


def create_stack(marker: Path, name: str) -> str:
    template = stack_that_runs(marker)
    return urlencode(
        {"Action": "CreateStack", "Version": "2010-05-15", "StackName": name, "TemplateBody": template}
    )


def shots(port: str, marker: Path) -> list[Shot]:
    """What a page tries: to run, to change, to read."""
    order = [
        Shot("POST", path, ORDER, {"Idempotency-Key": f"foreign-{port}"})
        for path in ("/api/orders", "/orders")
    ]
    shop = [
        *(
            get(path)
            for path in ("/api/products", "/products", "/healthz", "/orders", "/faults", "/static/shop.css")
        ),
        *order,
        Shot("PUT", "/faults", json.dumps({"error_share": 1})),
        Shot("POST", "/faults", json.dumps({"error_share": 1})),
        Shot("DELETE", "/faults"),
        Shot("PUT", "/reservations/foreign", ORDER),
        Shot("DELETE", "/reservations/foreign"),
    ]
    event = {"Source": "aws.codepipeline", "DetailType": "foreign", "Detail": "{}"}
    everything = {
        "aws": [
            get(f"/?{create_stack(marker, 'image')}"),
            Shot("POST", "/", create_stack(marker, "form")),
            get("/"),
            get("/_lantern/health"),
            get("/_ministack/health"),
            get("/v2/"),
            get(f"/bucket/key?{PRESIGNED}"),
            Shot("PUT", f"/bucket/foreign?{PRESIGNED}", "foreign"),
            Shot("PUT", "/foreign", "", signed("s3")),
            Shot("POST", "/?Action=CreateQueue&QueueName=foreign", "Action=CreateQueue&QueueName=foreign"),
            Shot("POST", "/", json.dumps({"QueueName": "foreign"}), signed("sqs", "AmazonSQS.CreateQueue")),
            Shot(
                "POST",
                "/",
                json.dumps({"TableName": "lantern-orders"}),
                signed("dynamodb", "DynamoDB_20120810.DeleteTable"),
            ),
            Shot("POST", "/_ministack/reset"),
            Shot("POST", "/_lantern/events", json.dumps({"Entries": [event]})),
            Shot("POST", "/v2/lantern/foreign/blobs/uploads/"),
        ],
        "xray": [
            get("/healthz"),
            get("/"),
            Shot("POST", "/TraceSegments", json.dumps({"TraceSegmentDocuments": [SEGMENT]})),
            Shot(
                "POST",
                "/CreateGroup",
                json.dumps({"GroupName": "foreign", "FilterExpression": "fault"}),
                signed("xray"),
            ),
            Shot("POST", "/DeleteSamplingRule", json.dumps({"RuleName": "lantern-sample-everything"})),
            Shot("POST", "/GetSamplingRules", "{}"),
            Shot("POST", "/v1/traces", SPANS, {"Content-Type": "application/json"}),
            Shot("POST", "/v1/traces", SPANS),
        ],
        "logs": [get("/"), Shot("POST", "/", list(forwarding.message("storefront", "1", "foreign")))],
        "console": [
            *(get(path) for path in ("/map", "/healthz", "/groups", "/static/console.css")),
            Shot("POST", "/groups", urlencode({"GroupName": "foreign", "FilterExpression": "fault"})),
            Shot("POST", "/sampling/delete", urlencode({"RuleName": "lantern-sample-everything"})),
            Shot("POST", "/faults", urlencode({"service": "catalog", "error_share": "1"})),
        ],
        "traffic": [
            *(get(path) for path in ("/stats/requests", "/stats/reset", "/stop")),
            Shot("POST", "/stop"),
            Shot("POST", "/swarm", urlencode({"user_count": 5, "spawn_rate": 5})),
        ],
        "pipeline": [
            *(get(path) for path in ("/_lantern/snapshot", "/_lantern/events", "/_lantern/health")),
            get("/v1/repos/lantern/info/refs?service=git-upload-pack"),
            Shot("POST", "/v1/repos/lantern/git-receive-pack", "0000"),
            Shot(
                "POST",
                "/v1/repos/lantern/git-receive-pack",
                "0000",
                {"Content-Type": "application/x-git-receive-pack-request"},
            ),
            Shot("POST", "/", "Action=DescribeNetworkInterfaces"),
            Shot(
                "POST",
                "/",
                json.dumps({"name": "lantern"}),
                signed("codepipeline", "CodePipeline_20150709.StartPipelineExecution"),
            ),
        ],
    }
    return everything.get(port, shop)


@pytest.fixture(scope="module", name="chromium")
def _chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(
        executable_path=find_browser(), args=[*conftest.ARGUMENTS, *foreign.ARGUMENTS]
    )
    yield browser
    browser.close()


@pytest.fixture(scope="module", name="elsewhere")
def _elsewhere() -> Iterator[int]:
    with elsewhere() as port:
        yield port


def state(lantern: EveryPort) -> dict[str, Any]:
    """Everything that a page might have changed."""
    dynamodb, xray = lantern.client("dynamodb", "aws"), lantern.client("xray", "xray")
    logs = lantern.client("logs", "aws")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    marked = [
        event["message"]
        for group in groups
        for event in logs.filter_log_events(logGroupName=group, filterPattern="foreign")["events"]
        if event["message"] == "foreign"
    ]
    return {
        "tables": dynamodb.list_tables()["TableNames"],
        "orders": sorted(json.dumps(item) for item in dynamodb.scan(TableName="lantern-orders")["Items"]),
        "products": sorted(json.dumps(item) for item in dynamodb.scan(TableName="lantern-products")["Items"]),
        "buckets": [bucket["Name"] for bucket in lantern.client("s3", "aws").list_buckets()["Buckets"]],
        "objects": lantern.client("s3", "aws").list_objects_v2(Bucket="bucket")["KeyCount"],
        "queues": lantern.client("sqs", "aws").list_queues().get("QueueUrls", []),
        "X-Ray groups": [group["GroupName"] for group in xray.get_groups()["Groups"]],
        "sampling rules": [
            record["SamplingRule"]["RuleName"] for record in xray.get_sampling_rules()["SamplingRuleRecords"]
        ],
        "foreign traces": xray.batch_get_traces(TraceIds=[TRACE])["Traces"],
        "foreign log lines": marked,
        "faults": [requests.get(f"{lantern.url(name)}/faults", timeout=5).json() for name in SERVICES],
        "shoppers": locust_state(lantern.url("traffic")),
        "branches": lantern.runner.repository.branches(),
        "executions": [execution.id for execution in lantern.runner.executions.all()],
    }


def test_an_image_does_not_make_the_local_aws_run_a_function(
    lantern: EveryPort, chromium: Browser, elsewhere: int, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    url = f"{lantern.url('aws')}/?{create_stack(marker, 'image')}"

    with foreign_page(chromium, f"http://evil.example:{elsewhere}") as page:
        page.page.set_content(f'<img src="{html.escape(url)}">')
        statuses = wait_until(lambda: page.answers_to("CreateStack"), 10, "the image is answered")
    if statuses != {403}:  # the emulator works on after it has answered
        wait_until(marker.exists, 10, "what was granted is done")

    assert (statuses, marker.exists()) == ({403}, False)


@pytest.mark.parametrize("host", HOSTS)
def test_a_page_of_another_origin_changes_nothing_runs_nothing_and_reads_nothing(
    lantern: EveryPort, chromium: Browser, elsewhere: int, host: str, tmp_path: Path
) -> None:
    marker, before = tmp_path / "ran", state(lantern)

    with foreign_page(chromium, f"http://{host}:{elsewhere}") as page:
        readable = page.fire({lantern.url(port): shots(port, marker) for port in PORTS})
        granted, refused = page.granted(), page.refused_ports()
        for port in PORTS:
            page.post_in_new_tab(f"{lantern.url(port)}/", {"Action": "CreateQueue", "QueueName": "foreign"})

    assert (marker.exists(), granted, changes(before, state(lantern))) == (False, set(), [])
    assert refused == {lantern.ports[port] for port in PORTS if port != "logs"}  # which speaks no HTTP
    # Locust adds a header to each answer that lets any page read it, a refusal as well
    assert [(way, url, answer) for way, url, answer in readable if not answer.startswith("403 ")] == []


def test_a_page_under_a_rebound_name_changes_nothing_runs_nothing_and_reads_nothing(
    lantern: EveryPort, chromium: Browser, tmp_path: Path
) -> None:
    marker, before = tmp_path / "ran", state(lantern)
    granted: set[tuple[int, str]] = set()

    for port in PORTS:
        base = f"http://rebound.example:{lantern.ports[port]}"
        with foreign_page(chromium, base, is_rebound=True) as page:
            page.fire({base: shots(port, marker)})
            granted |= page.granted()

    assert (marker.exists(), granted, changes(before, state(lantern))) == (False, set(), [])


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [name for name in before if after[name] != before[name]]


@pytest.mark.parametrize("host", HOSTS)
def test_a_link_from_elsewhere_leads_to_the_pages_for_people_and_changes_nothing(
    lantern: EveryPort, chromium: Browser, elsewhere: int, host: str
) -> None:
    before = state(lantern)

    with foreign_page(chromium, f"http://{host}:{elsewhere}") as page:
        opened = {port: page.open(lantern.url(port) + path) for port, path in PAGES.items()}

    assert {port: status for port, (status, _) in opened.items()} == dict.fromkeys(PAGES, 200)
    assert all(title for _, title in opened.values())
    assert changes(before, state(lantern)) == []
