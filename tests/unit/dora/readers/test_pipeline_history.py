"""One reading of a pipeline: deployments, alarms and commits; what beside the deployments fails is told."""

import json
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from dora.analysis import analyse
from dora.readers import pipeline_history
from dora.readers.pipeline_history import Caches
from dora.records import RANGE, TRIGGER
from tests.unit.dora.histories import at
from tests.unit.dora.readers.answers import Session, action, declared, info, summary, targets


class Account(Session):
    """Two good deployments of orders, one on each of two days, and the commit of each."""

    def __init__(self, provider="CodeCommit"):
        super().__init__()
        pipeline, deploy = self.stubs["codepipeline"], self.stubs["codedeploy"]
        runs = [summary(f"run-{day}", "Succeeded", day, str(day) * 40) for day in (2, 1)]
        pipeline.add_response("list_pipeline_executions", {"pipelineExecutionSummaries": runs})
        actions = [action(f"run-{day}", "orders", "Deploy", "Succeeded", day, f"d-{day}") for day in (2, 1)]
        pipeline.add_response("list_action_executions", {"actionExecutionDetails": actions})
        deploy.add_response("list_deployments", {"deployments": ["d-2", "d-1"]})
        infos = [info(f"d-{day}", "Succeeded", day) for day in (2, 1)]
        deploy.add_response("batch_get_deployments", {"deploymentsInfo": infos})
        for day in (2, 1):
            deploy.add_response("list_deployment_targets", {"targetIds": ["lantern:orders"]})
            deploy.add_response("batch_get_deployment_targets", targets(f"d-{day}", "Succeeded", day))
        self.provider = provider

    def tells_triggers(self):
        for _ in range(2):
            self.stubs["codepipeline"].add_response("get_pipeline_execution", {"pipelineExecution": {}})
        self.stubs["codepipeline"].add_response("get_pipeline", declared(self.provider))
        return self

    def tells_commits(self):
        for sha, words, parents in (("2" * 40, "2 09:15", ["1" * 40]), ("1" * 40, "1 09:00", [])):
            commit = {
                "commitId": sha,
                "parents": parents,
                "message": "Trim",
                "committer": {"date": f"{at(words):.0f} +0100"},
            }
            self.stubs["codecommit"].add_response("get_commit", {"commit": commit})
        return self

    def rings(self):
        items = [
            {
                "AlarmName": "lantern-orders-green-errors",
                "Timestamp": datetime.fromtimestamp(at(words), UTC),
                "HistoryData": json.dumps(
                    {"newState": {"stateValue": state}, "lantern-rehearsal": {"time-scale": 60}}
                ),
            }
            for words, state in (("2 10:20", "OK"), ("2 10:18", "ALARM"))
        ]
        self.stubs["cloudwatch"].add_response("describe_alarm_history", {"AlarmHistoryItems": items})
        return self


def test_everything_that_aws_knows_is_one_history():
    """Live for all at 10:15 on the second day; committed at 9:15: an hour. The alarm rang at 10:18."""
    session = Account().tells_triggers().tells_commits().rings()

    history, problems = pipeline_history.read(session, "lantern", alarms="lantern-")

    orders = analyse(history).services["orders"]
    assert problems == []
    assert [(lead.commit.sha, lead.seconds) for lead in orders.leads] == [("2" * 40, 3600)]
    assert {each.id: each.commits_are for each in history.deployments} == {"d-1": TRIGGER, "d-2": RANGE}
    assert [link.incident.opened_at for link in orders.links] == [at("2 10:18")]
    assert [change.scale for change in history.alarms] == [60, 60]


def test_traces_tell_the_root_cause_of_an_alarm_where_they_are_asked_for():
    session = Account().tells_triggers().tells_commits().rings()
    fault = {"Id": "1-0", "FaultRootCauses": [{"Services": [{"Name": "orders"}, {"Name": "catalog"}]}]}
    session.stubs["xray"].add_response("get_trace_summaries", {"TraceSummaries": [fault]})

    history, problems = pipeline_history.read(session, "lantern", alarms="lantern-", traces=True)

    assert problems == []
    assert {change.state: change.root_cause for change in history.alarms} == {"OK": "", "ALARM": "catalog"}
    assert history.incident_sources == {"alarms", "traces"}


def test_traces_that_can_not_be_read_are_a_problem_and_the_alarms_stay():
    session = Account().tells_triggers().tells_commits().rings()
    session.stubs["xray"].add_client_error("get_trace_summaries", "AccessDeniedException", "no")

    history, problems = pipeline_history.read(session, "lantern", alarms="lantern-", traces=True)

    assert [problem.source for problem in problems] == ["The traces' root causes"]
    assert len(history.alarms) == 2
    assert history.incident_sources == {"alarms"}


def test_what_can_not_change_is_asked_for_once():
    caches = Caches()
    first, _ = pipeline_history.read(Account().tells_triggers().tells_commits(), "lantern", caches=caches)
    again = Session()
    runs = [summary(f"run-{day}", "Succeeded", day, str(day) * 40) for day in (2, 1)]
    again.stubs["codepipeline"].add_response("list_pipeline_executions", {"pipelineExecutionSummaries": runs})
    actions = [action(f"run-{day}", "orders", "Deploy", "Succeeded", day, f"d-{day}") for day in (2, 1)]
    again.stubs["codepipeline"].add_response("list_action_executions", {"actionExecutionDetails": actions})
    again.stubs["codedeploy"].add_response("list_deployments", {"deployments": ["d-2", "d-1"]})
    again.stubs["codepipeline"].add_response("get_pipeline", declared())

    second, problems = pipeline_history.read(again, "lantern", caches=caches)

    assert problems == []
    assert {each.id: each for each in second.deployments} == {each.id: each for each in first.deployments}


def test_a_source_that_is_not_codecommit_is_asked_for_no_commits():
    session = Account("CodeStarSourceConnection").tells_triggers()

    history, problems = pipeline_history.read(session, "lantern")

    assert problems == []
    assert {each.commits_are for each in history.deployments} == {TRIGGER}


def test_alarms_and_commits_that_can_not_be_read_are_problems_and_the_deployments_stay():
    session = Account().tells_triggers()
    for service, operation in (("cloudwatch", "describe_alarm_history"), ("codecommit", "get_commit")):
        session.stubs[service].add_client_error(operation, "AccessDeniedException", "no")

    history, problems = pipeline_history.read(session, "lantern", alarms="lantern-")

    assert len(history.deployments) == 2
    assert [problem.source for problem in problems] == ["The alarms' history", "The commits' log"]
    assert history.incident_sources == frozenset()


def test_deployments_that_can_not_be_read_are_an_error():
    session = Session()
    session.stubs["codepipeline"].add_client_error("list_pipeline_executions", "AccessDeniedException", "no")

    with pytest.raises(ClientError, match="AccessDenied"):
        pipeline_history.read(session, "lantern")


def test_who_has_a_log_of_their_own_asks_for_no_commits():
    history, problems = pipeline_history.read(Account(), "lantern", has_log=True)

    assert problems == []
    assert {each.commits for each in history.deployments} == {()}


def test_a_stand_in_for_codepipeline_is_asked_for_alarms_and_commits_too():
    """On a laptop CloudWatch's own address leads to another stand-in, which evaluates no such alarms."""

    asked = []

    class Laptop:
        def client(self, service, endpoint_url=None):
            asked.append((service, endpoint_url))
            return type("Client", (), {"meta": type("Meta", (), {"endpoint_url": "http://pipeline:4567"})})

    pipeline_history._client_beside_pipeline(Laptop(), "cloudwatch")

    assert asked[-1] == ("cloudwatch", "http://pipeline:4567")
