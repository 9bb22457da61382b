"""What keeps foreign pages out lets in whom the documentation names: aws, boto3, SDKs, git, docker, curl."""

import io
import json
import subprocess
import tarfile
import time
import uuid
from pathlib import Path

import docker
import pytest
import requests
from aws_xray_sdk.core.sampling.connector import ServiceConnector
from playwright.sync_api import expect

from tests.browser.conftest import Visits
from tests.browser.every_port import EveryPort, locust_state
from tests.browser.steps import MOON, add, place_order, receipt
from tests.shop import CLEAN, SERVICES
from tests.waiting import wait_until

pytestmark = [pytest.mark.requires("chromium"), pytest.mark.requires("haproxy")]
GIT = ["git", "-c", "user.name=Trainee", "-c", "user.email=trainee@lantern.invalid"]


def curl(*arguments: str) -> str:
    """What curl prints: the body, and after it the status."""
    command = [
        "curl",
        "--silent",
        "--show-error",
        "--max-time",
        "10",
        "--write-out",
        " %{http_code}",
        *arguments,
    ]
    done = subprocess.run(command, env=CLEAN, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def order(url: str) -> requests.Response:
    basket = {"items": [{"sku": "paper-moon-lantern", "quantity": 1}]}
    return requests.post(url, json=basket, headers={"Idempotency-Key": uuid.uuid4().hex}, timeout=10)


def test_the_local_aws_answers_aws_boto3_and_a_presigned_address(lantern: EveryPort) -> None:
    tables = json.loads(lantern.aws("aws", "dynamodb", "list-tables"))["TableNames"]
    s3 = lantern.client("s3", "aws")
    presigned = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "key"})

    assert tables == ["lantern-orders", "lantern-products"]
    assert "bucket" in lantern.aws("aws", "s3", "ls")
    assert lantern.client("sts", "aws").get_caller_identity()["Account"] == "111122223333"
    assert curl(presigned) == "an artifact 200"
    assert curl(f"{lantern.url('aws')}/_lantern/health").endswith(" 200")


@pytest.mark.requires("docker")
def test_the_local_registry_takes_dockers_login_its_pushes_and_pulls(
    lantern: EveryPort, tmp_path: Path
) -> None:
    engine = docker.from_env()
    lantern.client("ecr", "aws").create_repository(repositoryName="lantern/tiny")
    name = f"127.0.0.1:{lantern.ports['aws']}/lantern/tiny"
    password = lantern.aws("aws", "ecr", "get-login-password")
    environ = {**CLEAN, "DOCKER_CONFIG": str(tmp_path)}

    def run(*arguments: str, stdin: str = "") -> None:
        done = subprocess.run(
            ["docker", *arguments], env=environ, input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    run("login", "--username", "AWS", "--password-stdin", f"127.0.0.1:{lantern.ports['aws']}", stdin=password)
    engine.api.import_image_from_data(tar_of({"lamp": b"on"}), repository=name, tag="1")
    try:
        run("push", "--quiet", f"{name}:1")
        engine.images.remove(f"{name}:1")
        run("pull", "--quiet", f"{name}:1")
    finally:
        engine.images.remove(f"{name}:1")
    images = lantern.client("ecr", "aws").list_images(repositoryName="lantern/tiny")["imageIds"]
    assert [image["imageTag"] for image in images] == ["1"]


def tar_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def test_the_local_x_ray_answers_aws_boto3_and_the_sdk_that_does_not_sign(lantern: EveryPort) -> None:
    trace_id = order(f"{lantern.url('storefront')}/api/orders").headers["X-Amzn-Trace-Id"][5:40]
    xray, now = lantern.client("xray", "xray"), time.time()
    sdk = ServiceConnector()
    sdk.setup_xray_client("127.0.0.1", lantern.ports["xray"], None)

    def services() -> set[str]:
        traces = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
        return {json.loads(segment["Document"])["name"] for trace in traces for segment in trace["Segments"]}

    wait_until(lambda: services() >= set(SERVICES), 10, "the segments that the services' SDK sent")
    assert "lantern-sample-everything" in [rule.name for rule in sdk.fetch_sampling_rules()]
    printed = lantern.aws(
        *("xray", "xray", "get-service-graph"),
        *("--start-time", str(int(now - 60)), "--end-time", str(int(now + 5))),
    )
    assert "storefront" in printed
    assert curl(lantern.url("xray")).endswith(" 200")


def test_the_log_agent_takes_the_services_lines(lantern: EveryPort) -> None:
    trace_id = order(f"{lantern.url('storefront')}/api/orders").headers["X-Amzn-Trace-Id"][5:40]
    logs = lantern.client("logs", "aws")

    def lines() -> int:
        groups = {group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]}
        if "/lantern/orders" not in groups:
            return 0
        pattern = f'"{trace_id}"'
        return len(logs.filter_log_events(logGroupName="/lantern/orders", filterPattern=pattern)["events"])

    wait_until(lines, 10, "the lines of an order")


@pytest.mark.parametrize("port", SERVICES)
def test_a_service_answers_curl_and_the_faults_switch(lantern: EveryPort, port: str) -> None:
    path = {"storefront": "/api/products", "catalog": "/products", "orders": "/orders"}[port]

    assert curl(f"{lantern.url(port)}{path}").endswith(" 200")
    switched = curl(
        *("--request", "PUT", "--header", "Content-Type: application/json", "--data", '{"latency_ms": 1}'),
        f"{lantern.url(port)}/faults",
    )
    assert switched.endswith(" 200")
    assert curl("--request", "DELETE", f"{lantern.url(port)}/faults").endswith(" 200")


@pytest.mark.parametrize("port", ["storefront", "production", "test"])
def test_the_shops_page_sells_and_its_receipt_leads_to_the_console(
    visit: Visits, lantern: EveryPort, port: str
) -> None:
    page = visit(lantern.url(port))
    add(page, MOON)
    place_order(page)
    link = receipt(page).get_by_role("link")

    with page.context.expect_page() as opened:
        link.click()

    expect(opened.value.get_by_role("heading", level=1)).to_be_visible()
    assert opened.value.url.startswith(f"{lantern.url('console')}/traces/1-")


def test_a_listener_answers_curl_and_shoppers(lantern: EveryPort) -> None:
    for port in ("production", "test"):
        assert curl(f"{lantern.url(port)}/api/products").endswith(" 200")
        assert order(f"{lantern.url(port)}/api/orders").status_code == 201


def test_the_consoles_own_forms_go_on_working(visit: Visits, lantern: EveryPort) -> None:
    page = visit(f"{lantern.url('console')}/groups")
    page.get_by_label("Name").fill("slow")
    page.get_by_role("textbox", name="Filter expression", exact=True).fill("responsetime > 1")
    page.get_by_role("button", name="Make group").click()

    xray = lantern.client("xray", "xray")
    assert "slow" in [group["GroupName"] for group in xray.get_groups()["Groups"]]
    xray.delete_group(GroupName="slow")


def test_locusts_page_works_and_its_api_answers_curl(visit: Visits, lantern: EveryPort) -> None:
    url = lantern.url("traffic")

    expect(visit(url).get_by_role("heading").first).to_be_visible()
    started = curl("--data", "user_count=1&spawn_rate=1", f"{url}/swarm")
    wait_until(lambda: locust_state(url)[0] == "running", 10, "shoppers")
    stopped = curl("--request", "POST", f"{url}/stop")

    assert (started[-4:], stopped[-4:]) == (" 200", " 200")
    wait_until(lambda: locust_state(url) == ("stopped", 0), 10, "no shoppers")


def test_the_pipeline_answers_aws_boto3_git_and_the_rehearsals_own_reading(
    lantern: EveryPort, tmp_path: Path
) -> None:
    def git(*arguments: str) -> str:
        done = subprocess.run([*GIT, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    url = lantern.url("pipeline")
    git("init", "--quiet", "--initial-branch", "main")
    (tmp_path / "lamp").write_bytes(bytes(range(256)) * 8192)  # git sends what is bigger than 1 MB in chunks
    git("add", "lamp")
    git("commit", "--quiet", "--message", "Light the lamp")
    git("push", "--quiet", f"{url}/v1/repos/lantern", "HEAD:lamp")

    assert git("ls-remote", f"{url}/v1/repos/lantern", "lamp").startswith(git("rev-parse", "HEAD"))
    assert "lantern" in lantern.aws("pipeline", "codepipeline", "list-pipelines")
    assert lantern.client("codedeploy").list_applications()["applications"] == ["lantern"]
    for path in ("snapshot", "events"):
        assert curl(f"{url}/_lantern/{path}").endswith(" 200")
