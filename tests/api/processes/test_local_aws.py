"""`python -m local.ministack`: Lantern's tables, no other listener, and data that outlives a kill -9."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import psutil
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from local.ministack.snapshots import StateInUse, lock
from tests.ports import free_port
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]
TABLES = ["lantern-orders", "lantern-products"]


class LocalAws:
    """The process, and a client as the services have one."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.dynamodb = boto3.client(
            "dynamodb",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="laptop",
            aws_secret_access_key="laptop",
        )

    def begin(self):
        environ = {
            "PATH": os.environ["PATH"],
            "PORT": str(self.port),
            "STATE_DIR": str(self.folder / "state"),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "local.ministack"],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def start(self):
        self.process = self.begin()
        wait_until(self.health, 20, "healthy")

    def health(self):
        assert self.process.poll() is None, self.process.stdout.read()
        try:
            return requests.get(f"{self.url}/_lantern/health", timeout=2).status_code == 200
        except requests.ConnectionError:
            return False

    def end(self, number):
        self.process.send_signal(number)
        self.process.communicate(timeout=20)
        return self.process.returncode

    def put(self, order_id):
        self.dynamodb.put_item(
            TableName="lantern-orders", Item={"order_id": {"S": order_id}, "n": {"N": "1"}}
        )

    def orders(self):
        return sorted(
            item["order_id"]["S"] for item in self.dynamodb.scan(TableName="lantern-orders")["Items"]
        )

    def snapshot(self):
        file = self.folder / "state" / "dynamodb.json"
        return file.read_text() if file.exists() else ""


@pytest.fixture(name="aws")
def _aws(tmp_path):
    aws = LocalAws(tmp_path)
    aws.start()
    yield aws
    if aws.process.poll() is None:
        aws.end(signal.SIGTERM)


def test_tables_are_those_of_the_template(aws):
    assert aws.dynamodb.list_tables()["TableNames"] == TABLES

    orders = aws.dynamodb.describe_table(TableName="lantern-orders")["Table"]
    assert orders["TableArn"] == "arn:aws:dynamodb:us-east-1:111122223333:table/lantern-orders"
    assert orders["KeySchema"] == [{"AttributeName": "order_id", "KeyType": "HASH"}]
    assert [index["IndexName"] for index in orders["GlobalSecondaryIndexes"]] == ["by-state"]
    for name in TABLES:
        ttl = aws.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
        backups = aws.dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_nothing_else_listens(aws):
    aws.put("a")
    process = psutil.Process(aws.process.pid)

    open_ports = {
        (connection.laddr.ip, connection.laddr.port)
        for each in (process, *process.children(recursive=True))
        for connection in each.net_connections(kind="inet")
        if connection.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)
    }

    assert open_ports == {("127.0.0.1", aws.port)}


def test_graceful_restart_keeps_everything_and_makes_no_table_anew(aws):
    aws.put("a")

    assert aws.end(signal.SIGTERM) == 0
    aws.start()

    assert aws.orders() == ["a"]
    assert aws.dynamodb.list_tables()["TableNames"] == TABLES


def test_kill_9_loses_only_what_came_after_the_last_snapshot(aws):
    aws.put("a")
    wait_until(lambda: '"a"' in aws.snapshot(), 10, "a snapshot with the order")

    aws.end(signal.SIGKILL)
    aws.start()

    assert aws.orders() == ["a"]


def test_snapshots_are_never_half_written_and_requests_go_on_meanwhile(aws):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(aws.put, (f"order-{n:05}" for n in range(1000))))
    slowest, ends_at = 0.0, time.monotonic() + 4
    while time.monotonic() < ends_at:
        began = time.monotonic()
        aws.put("again")
        slowest = max(slowest, time.monotonic() - began)

    wait_until(lambda: "again" in aws.snapshot(), 10)
    aws.end(signal.SIGKILL)
    aws.start()

    assert len(aws.orders()) == 1001
    assert slowest < 0.6, "a service gives DynamoDB 0.6 s to answer"


def test_health_is_red_while_a_table_is_missing(aws):
    aws.dynamodb.delete_table(TableName="lantern-orders")

    answer = requests.get(f"{aws.url}/_lantern/health", timeout=5)

    assert answer.status_code == 503
    assert answer.json()["missing"] == ["lantern-orders"]


def test_table_that_went_missing_comes_back_with_the_next_start(aws):
    aws.dynamodb.delete_table(TableName="lantern-orders")

    aws.end(signal.SIGTERM)
    aws.start()

    assert aws.dynamodb.list_tables()["TableNames"] == TABLES


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "http://127.0.0.1:8080"},
        {"Referer": "http://localhost:8000/map"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "rebound.example"},
    ],
)
def test_web_pages_of_other_origins_get_nothing(aws, headers):
    for path in ("/_lantern/health", "/?Action=ListStacks", "/v2/"):
        assert requests.get(f"{aws.url}{path}", headers=headers, timeout=5).status_code == 403


def test_a_request_without_a_signature_is_refused_in_awss_words(aws):
    answer = requests.get(f"{aws.url}/?Action=ListStacks", timeout=5)

    assert (answer.status_code, answer.json()["__type"]) == (403, "MissingAuthenticationToken")


def test_a_service_that_is_switched_off_says_so_to_its_client(aws):
    """In that client's own protocol: each of these has another one."""
    keys = {"region_name": "us-east-1", "aws_access_key_id": "laptop", "aws_secret_access_key": "laptop"}
    for service, operation in {
        "cloudformation": "list_stacks",
        "stepfunctions": "list_state_machines",
        "route53": "list_hosted_zones",
        "glue": "get_databases",
    }.items():
        client = boto3.client(service, endpoint_url=aws.url, **keys)

        with pytest.raises(ClientError, match="is switched off in the local AWS") as refused:
            getattr(client, operation)()

        assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_presigned_address_reads_and_writes_its_object_and_nobody_else_does(aws):
    keys = {"region_name": "us-east-1", "aws_access_key_id": "laptop", "aws_secret_access_key": "laptop"}
    s3 = boto3.client("s3", endpoint_url=aws.url, config=Config(signature_version="s3v4"), **keys)
    s3.create_bucket(Bucket="artifacts")
    names = {"Bucket": "artifacts", "Key": "a/b.zip"}

    put = requests.put(s3.generate_presigned_url("put_object", Params=names), data=b"artifact", timeout=5)
    got = requests.get(s3.generate_presigned_url("get_object", Params=names), timeout=5)

    assert (put.status_code, got.status_code, got.content) == (200, 200, b"artifact")
    assert requests.get(f"{aws.url}/artifacts/a/b.zip", timeout=5).status_code == 403


def test_state_belongs_to_one_local_aws_at_a_time(aws):
    with pytest.raises(StateInUse, match="in use by another local AWS"):
        lock(aws.folder / "state", wait_s=0.2)


def test_only_the_services_that_were_asked_for_take_memory(aws):
    aws.put("a")

    rss = psutil.Process(aws.process.pid).memory_info().rss

    assert rss < 120_000_000


def test_what_a_service_of_aws_tells_reaches_the_rules_and_nobody_else_may_tell_it(aws):
    """As on AWS, PutEvents refuses a source that begins with aws."""
    keys = {"region_name": "us-east-1", "aws_access_key_id": "laptop", "aws_secret_access_key": "laptop"}
    sqs, events = (boto3.client(name, endpoint_url=aws.url, **keys) for name in ("sqs", "events"))
    queue = sqs.create_queue(QueueName="deliveries")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="deliveries", EventPattern='{"source": ["aws.codepipeline"]}')
    events.put_targets(Rule="deliveries", Targets=[{"Id": "queue", "Arn": arn}])
    entry = {"Source": "aws.codepipeline", "DetailType": "told", "Detail": '{"state": "STARTED"}'}

    by_anybody = events.put_events(Entries=[entry])
    by_the_pipeline = requests.post(f"{aws.url}/_lantern/events", json={"Entries": [entry]}, timeout=5)

    assert by_anybody["FailedEntryCount"] == 1
    assert by_the_pipeline.json()["FailedEntryCount"] == 0
    (message,) = wait_until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), 5, "it arrives")
    assert '"state": "STARTED"' in message["Body"].replace('":"', '": "')


def test_events_that_cannot_be_read_are_refused_with_what_was_expected(aws):
    answer = requests.post(f"{aws.url}/_lantern/events", json=[], timeout=5)

    assert answer.status_code == 400
    assert "expected PutEvents' Entries" in answer.json()["message"]
