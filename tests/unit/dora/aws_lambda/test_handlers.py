"""The functions as Lambda calls them; only AWS itself is replaced."""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY

from dora.aws_lambda import dynamodb_table, handlers
from tests.unit.dora.aws_lambda.table import Table
from tests.unit.dora.histories import at
from tests.unit.dora.readers import sample_events
from tests.unit.dora.readers.answers import Session, action, declared, info, summary, targets

NOW = at("20 00:00")


class Cloud:
    """What the functions call beside the table."""

    def __init__(self):
        self.invoked, self.points, self.session = [], [], Session()
        self.table = Table()
        self.session.clients["codecommit"] = self

    def client(self, name):
        return {"lambda": self, "cloudwatch": self}[name]

    def invoke(self, **request):
        self.invoked.append(request)

    def put_metric_data(self, Namespace, MetricData):
        assert Namespace == "Lantern/DORA"
        self.points += MetricData

    def value(self, name, window="30d"):
        """The newest of orders."""
        dimensions = [{"Name": "Service", "Value": "orders"}, {"Name": "Window", "Value": window}]
        values = [
            datum["Value"]
            for datum in self.points
            if datum["MetricName"] == name and datum.get("Dimensions") == dimensions
        ]
        return values[-1] if values else None

    def api_knows(self, *days, commits=True):
        """One good deployment of each day, as ListPipelineExecutions and its like tell it; no alarm rang."""
        pipeline, deploy = self.session.stubs["codepipeline"], self.session.stubs["codedeploy"]
        runs = [summary(f"run-{day}", "Succeeded", day, str(day) * 40) for day in days]
        pipeline.add_response("list_pipeline_executions", {"pipelineExecutionSummaries": runs})
        actions = [action(f"run-{day}", "orders", "Deploy", "Succeeded", day, f"d-{day}") for day in days]
        pipeline.add_response("list_action_executions", {"actionExecutionDetails": actions})
        if days:
            deploy.add_response("list_deployments", {"deployments": [f"d-{day}" for day in days]})
        for _ in days if commits else ():
            pipeline.add_response("get_pipeline_execution", {"pipelineExecution": {}})
        pipeline.add_response("get_pipeline", declared())
        self.session.stubs["cloudwatch"].add_response("describe_alarm_history", {"AlarmHistoryItems": []})
        self.session.stubs["cloudwatch"].add_response("describe_alarms", {"MetricAlarms": []})

    def api_describes(self, *days):
        deploy = self.session.stubs["codedeploy"]
        infos = [info(f"d-{day}", "Succeeded", day) for day in days]
        deploy.add_response("batch_get_deployments", {"deploymentsInfo": infos}, {"deploymentIds": ANY})
        for day in days:
            deploy.add_response("list_deployment_targets", {"targetIds": ["lantern:orders"]})
            deploy.add_response("batch_get_deployment_targets", targets(f"d-{day}", "Succeeded", day))

    def get_commit(self, repositoryName, commitId):
        at_ = {"2": at("2 09:15"), "1": at("1 09:00"), "3": at("3 09:00")}[commitId[0]]
        before = str(int(commitId[0]) - 1) * 40
        parents = [] if commitId[0] == "1" else [before]
        return {"commit": {"committer": {"date": f"{at_:.0f} +0100"}, "parents": parents, "message": "m"}}


@pytest.fixture(name="cloud")
def _cloud(monkeypatch):
    cloud = Cloud()
    resource = SimpleNamespace(Table=lambda name: cloud.table)
    for module in (handlers, dynamodb_table):
        monkeypatch.setattr(module.boto3, "client", cloud.client)
    monkeypatch.setattr(dynamodb_table.boto3, "resource", lambda _: resource)
    monkeypatch.setattr(handlers.boto3, "Session", lambda: cloud.session)
    monkeypatch.setattr(handlers, "time", SimpleNamespace(time=lambda: NOW + 0.7))
    variables = {
        "TABLE": "lantern-dora",
        "COMPUTE": "lantern-dora-compute",
        "PIPELINE": "lantern",
        "ALARMS": "lantern-",
        "WINDOWS": "7,30,90",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return cloud


def sqs(*bodies):
    """As the event source mapping hands messages over."""
    return {
        "Records": [
            {
                "messageId": f"m-{number}",
                "eventSource": "aws:sqs",
                "body": body if isinstance(body, str) else json.dumps(body),
            }
            for number, body in enumerate(bodies)
        ]
    }


def report(cloud, window="30d"):
    return dynamodb_table.Store("lantern-dora").report(window)


def metrics(cloud):
    return {name: figure["value"] for name, figure in report(cloud)["services"]["orders"]["metrics"].items()}


RUN = sample_events.good_run("run-2", "2" * 40, "d-2", 2)


def test_each_envelope_is_kept_once_and_one_computation_asked_for(cloud):
    answer = handlers.collect(sqs(*RUN, *RUN), None)

    assert answer == {"batchItemFailures": []}
    assert cloud.table.ids("envelope") == {envelope["id"] for envelope in RUN}
    assert [(request["FunctionName"], request["InvocationType"]) for request in cloud.invoked] == [
        ("lantern-dora-compute", "Event")
    ]


def test_what_was_there_already_asks_for_no_computation(cloud):
    handlers.collect(sqs(*RUN), None)
    cloud.invoked.clear()

    handlers.collect(sqs(*reversed(RUN)), None)

    assert cloud.invoked == []


@pytest.mark.parametrize(
    "poison",
    [
        "not json",
        "[]",
        '{"id": "x"}',
        "[" * 100_000,
        json.dumps(RUN[0] | {"time": "yesterday", "detail": {}}),
        json.dumps(RUN[0] | {"id": ""}),
    ],
    ids=["text", "list", "no detail", "endless", "no instant", "no id"],
)
def test_a_poisoned_message_comes_back_alone(cloud, poison, capsys):
    answer = handlers.collect(sqs(RUN[0], poison, RUN[1]), None)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert cloud.table.ids("envelope") == {RUN[0]["id"], RUN[1]["id"]}
    assert json.loads(capsys.readouterr().out.splitlines()[0])["message"] == "m-1"


def test_what_the_table_refuses_comes_back_and_the_rest_is_kept(cloud):
    cloud.table.throttled = {RUN[1]["id"]}

    answer = handlers.collect(sqs(*RUN[:3]), None)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert cloud.table.ids("envelope") == {RUN[0]["id"], RUN[2]["id"]}


def test_an_event_of_which_a_part_is_missing_is_kept_and_noted_in_the_report(cloud):
    """It is an envelope; what one reader can't use another may."""
    strange = RUN[1] | {"id": "strange", "detail": {"execution-id": "run-9"}}
    handlers.collect(sqs(*RUN, strange), None)
    cloud.api_knows()

    handlers.compute({}, None)

    assert "strange" in {note["id"] for note in report(cloud)["notes"]}


def test_disorder_and_duplicates_make_the_same_report(cloud):
    second = sample_events.stopped_run("run-3", "3" * 40, "d-3", 3)
    handlers.collect(sqs(*reversed(RUN + second), *RUN), None)
    cloud.api_knows()
    handlers.compute({}, None)
    disordered = report(cloud)
    cloud.table.items.clear()
    for envelope in RUN + second:
        handlers.collect(sqs(envelope), None)
    cloud.api_knows()

    handlers.compute({}, None)

    assert report(cloud) == disordered
    assert metrics(cloud)["deployment frequency"] is not None


def test_reconciling_adds_the_deployment_whose_events_were_lost(cloud):
    handlers.collect(sqs(*RUN), None)
    cloud.api_knows(2, 1)
    cloud.api_describes(2, 1)

    handlers.compute({}, None)

    orders = report(cloud)["services"]["orders"]
    assert {deployment["id"] for deployment in orders["deployments"]} == {"d-1", "d-2"}
    assert cloud.value("Deployments") == 2


def test_reconciling_knows_when_users_had_it_where_events_know_only_the_end(cloud):
    """CodeDeploy's event came at 10:20, all traffic was on it at 10:15; the commit's time is CodeCommit's."""
    handlers.collect(sqs(*RUN), None)
    cloud.api_knows(2, 1)
    cloud.api_describes(2, 1)

    handlers.compute({}, None)

    assert cloud.value("ChangeLeadTime") == 3600
    assert cloud.value("CommitsMeasured") == 1


def test_computing_again_changes_nothing_and_asks_only_for_lists(cloud):
    handlers.collect(sqs(*RUN), None)
    cloud.api_knows(2, 1)
    cloud.api_describes(2, 1)
    handlers.compute({}, None)
    items, points = dict(cloud.table.items), list(cloud.points)
    cloud.points.clear()
    # no deployment, target or execution is described again: the stub would refuse it
    cloud.api_knows(2, 1, commits=False)

    handlers.compute({}, None)

    assert cloud.table.items == items
    assert cloud.points == points


def test_a_deployment_is_told_once_for_the_timeline(cloud, capsys):
    handlers.collect(sqs(*RUN), None)
    cloud.api_knows()
    cloud.api_knows()
    capsys.readouterr()

    handlers.compute({}, None)
    first = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    handlers.compute({}, None)
    again = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [line["deployment"] for line in first if "deployment" in line] == ["d-2"]
    assert [line for line in again if "deployment" in line] == []


def test_no_data_is_no_point_but_the_computation_is_told(cloud):
    cloud.api_knows()

    handlers.compute({}, None)

    assert [(datum["MetricName"], datum["Value"]) for datum in cloud.points] == [("Computed", 1.0)]
    assert report(cloud)["services"] == {}


def test_an_api_that_does_not_answer_ends_it_before_any_figure_is_wrong(cloud):
    handlers.collect(sqs(*RUN), None)
    cloud.session.stubs["codepipeline"].add_client_error("list_pipeline_executions", "ThrottlingException")

    with pytest.raises(ClientError, match="ThrottlingException"):
        handlers.compute({}, None)

    assert cloud.points == []
    assert report(cloud) == {}


def test_silence_of_alarms_is_no_lack_of_a_source(cloud):
    handlers.collect(sqs(*RUN), None)
    cloud.api_knows()

    handlers.compute({}, None)

    rate = report(cloud)["services"]["orders"]["metrics"]["change fail rate"]
    assert (rate["value"], rate["remarks"]) == (0.0, [])


def test_windows_end_at_a_whole_second_and_have_their_lengths(cloud):
    cloud.api_knows()

    handlers.compute({}, None)

    assert {window: report(cloud, window)["window"]["start"] for window in ("7d", "30d", "90d")} == {
        "7d": "2026-11-13T00:00:00Z",
        "30d": "2026-10-21T00:00:00Z",
        "90d": "2026-08-22T00:00:00Z",
    }
