"""lantern-dora from its committed template on an emulated account: from EventBridge to the metrics.

MiniStack has no CodePipeline, CodeDeploy and CodeCommit: a server of the test answers in their place.
"""

import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
import requests

from dora.aws_lambda import dynamodb_table
from dora.times import utc
from infra.operations import lambda_package
from infra.operations.account import Account
from infra.operations.stacks import Stacks
from infra.shop import EXAMPLE_ACCOUNT, EXAMPLE_REGION
from tests.ports import free_port
from tests.unit.dora import laptop, outputs, rehearsed
from tests.unit.dora.readers import sample_events
from tests.unit.dora.test_rehearsed_history import COUNTED
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
BUCKET = f"lantern-artifacts-{EXAMPLE_ACCOUNT}-{EXAMPLE_REGION}"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": EXAMPLE_ACCOUNT,
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": EXAMPLE_REGION,
}
# The exports of earlier stacks
EARLIER_STACKS = {
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    "Outputs": {
        "Bucket": {"Value": BUCKET, "Export": {"Name": "lantern-foundation-ArtifactBucket"}},
        "Topic": {"Value": {"Ref": "Topic"}, "Export": {"Name": "lantern-observability-TopicArn"}},
    },
}
RULES = ("pipeline", "deployments", "pushes", "alarms", "records")


EMPTY_ANSWERS = {
    "GetCommit": b'{"__type": "RepositoryDoesNotExistException"}',
    "GetPipeline": b'{"pipeline": {"name": "lantern", "roleArn": "", "stages": []}}',
}


class EmptyDeliveryApis(BaseHTTPRequestHandler):
    """CodePipeline, CodeDeploy, CodeCommit and X-Ray of an account in which nothing was ever deployed."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers.get("X-Amz-Target", "").split(".")[-1]  # X-Ray's are in the path
        body = EMPTY_ANSWERS.get(operation, b"{}")
        self.send_response(400 if b"__type" in body else 200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Cloud:
    """MiniStack, and the server for the APIs that it lacks."""

    def __init__(self, folder):
        self.port, self.log = free_port(), folder / "ministack.log"
        self.url = f"http://127.0.0.1:{self.port}"
        self.delivery_apis = ThreadingHTTPServer(("127.0.0.1", 0), EmptyDeliveryApis)
        threading.Thread(target=self.delivery_apis.serve_forever, daemon=True).start()
        settings = {
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": EXAMPLE_ACCOUNT,
            "MINISTACK_REGION": EXAMPLE_REGION,
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(Path(sys.executable).with_name("ministack"))],
                env={**os.environ, **settings},
                cwd=folder,
                stdout=log,
                stderr=log,
            )

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            return requests.get(f"{self.url}/_ministack/health", timeout=2).ok
        except requests.ConnectionError:
            return False

    def client(self, service):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=EXAMPLE_REGION,
            aws_access_key_id=EXAMPLE_ACCOUNT,
            aws_secret_access_key="test",
        )

    def deploy(self):
        """Upload the package as `make deploy` does, and create the stack from the committed template."""
        self.client("s3").create_bucket(Bucket=BUCKET)
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(StackName="before", TemplateBody=json.dumps(EARLIER_STACKS))
        cloudformation.get_waiter("stack_create_complete").wait(StackName="before")
        cloudformation.create_stack(
            StackName="lantern-dora",
            TemplateBody=(ROOT / "infra/cloudformation/lantern-dora.json").read_text(),
            Parameters=[
                {"ParameterKey": "DoraCodeKey", "ParameterValue": lambda_package.upload(Account(), print)}
            ],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName="lantern-dora", WaiterConfig={"Delay": 1}
        )
        self.ask_delivery_apis_at(self.delivery_apis.server_port)

    def ask_delivery_apis_at(self, port):
        """Have `compute` ask CodePipeline, CodeDeploy, CodeCommit and X-Ray at a port of this machine."""
        aws = self.client("lambda")
        variables = aws.get_function_configuration(FunctionName="lantern-dora-compute")["Environment"]
        variables["Variables"] |= {
            f"AWS_ENDPOINT_URL_{name}": f"http://127.0.0.1:{port}"
            for name in ("CODEPIPELINE", "CODEDEPLOY", "CODECOMMIT", "XRAY")
        }
        aws.update_function_configuration(FunctionName="lantern-dora-compute", Environment=variables)

    def compute(self):
        answer = self.client("lambda").invoke(FunctionName="lantern-dora-compute", Payload=b"{}")
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload

    def queue(self, name="lantern-dora"):
        return self.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]

    def waiting(self, name):
        """The number of messages in a queue."""
        attributes = self.client("sqs").get_queue_attributes(
            QueueUrl=self.queue(name), AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])

    def forget(self):
        """Empty the table."""
        table = boto3.resource("dynamodb").Table("lantern-dora")
        with table.batch_writer() as batch:
            for item in table.scan(ProjectionExpression="kind, id")["Items"]:
                batch.delete_item(Key=item)

    def send(self, envelopes):
        """Put envelopes into the queue, and wait until all of them are in the table."""
        for start in range(0, len(envelopes), 10):
            entries = [
                {"Id": str(number), "MessageBody": json.dumps(envelope)}
                for number, envelope in enumerate(envelopes[start : start + 10])
            ]
            self.client("sqs").send_message_batch(QueueUrl=self.queue(), Entries=entries)
        ids = {envelope["id"] for envelope in envelopes}
        wait_until(lambda: ids <= set(self.envelopes()), 60, "all are in the table")

    def envelopes(self):
        return dynamodb_table.Store("lantern-dora").all("envelope")

    def close(self):
        self.process.terminate()
        self.process.wait(15)
        self.delivery_apis.shutdown()
        self.delivery_apis.server_close()


@pytest.fixture(name="cloud", scope="module")
def _cloud(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    cloud = Cloud(tmp_path_factory.mktemp("account"))
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": cloud.url}.items():
        patch.setenv(name, value)
    try:
        wait_until(cloud.answers, 30)
        cloud.deploy()
        yield cloud
    finally:
        patch.undo()
        cloud.close()


def shifted_to_now(envelopes):
    """The same envelopes, shifted in time so that the last of them is an hour old."""
    details = [envelope["detail"]["lantern-rehearsal"] for envelope in envelopes]
    later = time.time() - 3600 - max(detail["time"] for detail in details)
    for envelope, detail in zip(envelopes, details, strict=True):
        detail["time"] += later
        envelope["time"] = utc(detail["time"])
    return envelopes


def history():
    """Two successful runs, and a third whose canary an alarm stopped and rolled back."""
    return shifted_to_now(
        [
            *sample_events.good_run("run-1", "a" * 40, "d-1", 1),
            *sample_events.good_run("run-2", "b" * 40, "d-2", 2),
            *sample_events.stopped_run("run-3", "c" * 40, "d-3", 3),
            sample_events.alarm("lantern-orders-green-errors", "ALARM", "3 10:12"),
            sample_events.alarm("lantern-orders-green-errors", "OK", "3 10:20", before="ALARM"),
        ]
    )


RECORD = {
    "Source": "lantern.delivery",
    "DetailType": "Deployment Record",
    "Detail": json.dumps(
        {
            "deploymentId": "d-9",
            "service": "catalog",
            "status": "succeeded",
            "startedAt": time.time() - 3600,
            "liveAt": time.time() - 1800,
            "commits": [{"sha": "e" * 40, "committedAt": time.time() - 9000}],
        }
    ),
}


def test_an_event_goes_from_eventbridge_through_the_queue_into_the_table_and_is_computed(cloud):
    before = cloud.client("cloudwatch").list_metrics(Namespace="Lantern/DORA", MetricName="Computed")

    answer = cloud.client("events").put_events(Entries=[RECORD])

    (event,) = answer["Entries"]
    envelope = wait_until(lambda: cloud.envelopes().get(event["EventId"]), 30, "the event is in the table")
    assert envelope["detail"]["deploymentId"] == "d-9"
    assert before["Metrics"] == []
    wait_until(
        lambda: dynamodb_table.Store("lantern-dora").report("30d"), 30, "it is computed without being asked"
    )


def own_event(rule):
    details = {
        "pipeline": sample_events.execution("run-1", "STARTED", "1 10:00"),
        "deployments": sample_events.deployment("d-1", "START", "1 10:00"),
        "pushes": sample_events.push("a" * 40, "1 10:00"),
        "alarms": sample_events.alarm("lantern-orders-green-errors", "ALARM", "1 10:00"),
        "records": sample_events.event(RECORD["Source"], RECORD["DetailType"], {}, "1 10:00"),
    }
    event = details[rule] | {"account": EXAMPLE_ACCOUNT, "region": EXAMPLE_REGION}
    if rule == "pushes":
        event["resources"] = [f"arn:aws:codecommit:{EXAMPLE_REGION}:{EXAMPLE_ACCOUNT}:lantern"]
    return event


FOREIGN_CHANGES = {
    "pipeline": lambda event: event["detail"].update(pipeline="somebody-elses"),
    "deployments": lambda event: event["detail"].update(application="somebody-elses"),
    "pushes": lambda event: event.update(resources=["arn:aws:codecommit:us-east-1:1:other"]),
    "alarms": lambda event: event["detail"].update(alarmName="lantern-dora-silent"),
    "records": lambda event: event.update(source="somebody.else"),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_takes_own_events_and_no_foreign_ones(cloud, rule):
    """Only AWS may send events with AWS's sources, so the rule's pattern is tested instead."""
    events = cloud.client("events")
    pattern = events.describe_rule(Name=f"lantern-dora-{rule}")["EventPattern"]
    foreign = own_event(rule)
    FOREIGN_CHANGES[rule](foreign)

    def fits(event):
        return events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"]

    assert (fits(own_event(rule)), fits(foreign)) == (True, False)


def test_the_report_is_the_one_of_the_command_line_for_the_same_envelopes(cloud, tmp_path):
    """Envelopes may come twice and in any order; `python -m dora` gets the stored ones."""
    sent = history()
    cloud.send([*reversed(sent), *sent[::3]])
    cloud.compute()
    stored = dynamodb_table.Store("lantern-dora").report("30d")
    events = tmp_path / "history.jsonl"
    events.write_text("\n".join(json.dumps(envelope) for envelope in cloud.envelopes().values()))

    span = ["--since", stored["window"]["start"], "--until", stored["window"]["end"]]
    done = subprocess.run(
        [sys.executable, "-m", "dora", "--events", str(events), *span, "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    printed = json.loads(done.stdout)

    assert stored["services"] == printed["services"]
    assert stored["window"] == printed["window"]
    orders = {name: metric["value"] for name, metric in stored["services"]["orders"]["metrics"].items()}
    assert orders["change fail rate"] == pytest.approx(1 / 3)
    assert orders["failed deployment recovery time"] is not None


def test_the_dora_metrics_can_be_read_from_cloudwatch(cloud):
    """For catalog, whose counts stay the same: a minute's average is over all computations in it.

    Its frequency falls while the records of other tests lengthen the history that is measured."""
    cloud.compute()
    catalog = dynamodb_table.Store("lantern-dora").report("7d")["services"]["catalog"]["metrics"]

    def read(name, service="catalog", statistic="Average"):
        points = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="Lantern/DORA",
            MetricName=name,
            Dimensions=[{"Name": "Service", "Value": service}, {"Name": "Window", "Value": "7d"}],
            StartTime=time.time() - 600,
            EndTime=time.time() + 60,
            Period=60,
            Statistics=[statistic],
        )["Datapoints"]
        return max(points, key=lambda point: point["Timestamp"])[statistic] if points else None

    frequency = catalog["deployment frequency"]["value"]
    assert read("DeploymentFrequency", statistic="Minimum") == pytest.approx(frequency)
    assert (read("ChangeFailRate"), read("Deployments"), read("CommitsMeasured")) == (0, 1, 1)
    # the record's commit was made 9,000 s before it was sent, and live 1,800 s before
    assert catalog["change lead time"]["value"] == pytest.approx(7200)
    assert read("ChangeLeadTime") == pytest.approx(7200)
    assert read("Deployments", "orders", "Maximum") == 3


def test_computing_again_with_the_same_envelopes_gives_the_same_metrics(cloud):
    before = dynamodb_table.Store("lantern-dora").report("90d")["services"]

    cloud.compute()

    after = dynamodb_table.Store("lantern-dora").report("90d")["services"]
    assert {name: service["metrics"] for name, service in after.items()} == {
        name: service["metrics"] for name, service in before.items()
    }


def test_a_poisoned_message_ends_in_the_dead_letter_queue_and_the_others_are_kept(cloud):
    sqs, good = cloud.client("sqs"), own_event("records")
    sqs.set_queue_attributes(QueueUrl=cloud.queue(), Attributes={"VisibilityTimeout": "0"})

    sqs.send_message_batch(
        QueueUrl=cloud.queue(),
        Entries=[
            {"Id": "poison", "MessageBody": "not an envelope"},
            {"Id": "good", "MessageBody": json.dumps(good)},
        ],
    )

    wait_until(lambda: good["id"] in cloud.envelopes(), 30, "the good one is kept")
    wait_until(lambda: cloud.waiting("lantern-dora-dead-letters") == 1, 60, "the other is put aside")
    assert cloud.waiting("lantern-dora") == 0


def test_a_rehearsed_history_has_the_figures_that_make_dora_tells(cloud, tmp_path):
    """As tests/unit/dora/test_rehearsed_history.py has it: to the digit, and no failure of storefront."""
    rehearsal = rehearsed.load()
    with laptop.serve(tmp_path / "pipeline", rehearsal.fill) as port:
        cloud.forget()
        cloud.ask_delivery_apis_at(port)
        cloud.send(rehearsal.events)
        cloud.compute()
        stored = dynamodb_table.Store("lantern-dora").report("7d")

        window = {"SINCE": stored["window"]["start"], "UNTIL": stored["window"]["end"]}
        done = laptop.make_dora(tmp_path, port, **window)

    assert done.returncode == 0, done.stderr
    figures = outputs.in_document(stored)
    assert figures == outputs.in_text(done.stdout)
    assert figures["storefront", "change fail rate"] == COUNTED["storefront"][1]
    assert figures["storefront", "failed deployment recovery time"] == "no data n = 0"


def test_tables_that_outlived_their_stack_come_into_a_new_one_with_their_items(cloud):
    """`make destroy`, then `make deploy`, as far as the data goes; the same emulator serves."""
    template, name = ROOT / "infra/cloudformation/lantern-data.json", "lantern-data"
    dynamodb, item = cloud.client("dynamodb"), {"order_id": {"S": "order-of-before"}}

    def create():
        stacks = Stacks(Account(), poll_s=0.1)
        actions = {change.action for change in stacks.plan(name, template, [], {}, import_existing=True)}
        list(stacks.execute(name))
        return actions

    assert create() == {"Add"}
    dynamodb.put_item(TableName="lantern-orders", Item=item)
    list(Stacks(Account(), poll_s=0.1).delete(name))

    assert create() == {"Import"}
    assert dynamodb.get_item(TableName="lantern-orders", Key=item)["Item"] == item


def test_the_functions_run_this_checkouts_package(cloud):
    lambda_package.check_functions(Account())
