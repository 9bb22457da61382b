"""Answers of CodePipeline and CodeDeploy in the shapes of botocore's own models, at speaking times."""

from datetime import UTC, datetime

import boto3
from botocore.stub import Stubber

from tests.unit.dora.histories import at


def when(words):
    return datetime.fromtimestamp(at(words), UTC)


def summary(run, status, day, sha):
    return {
        "pipelineExecutionId": run,
        "status": status,
        "startTime": when(f"{day} 10:00"),
        "lastUpdateTime": when(f"{day} 10:30"),
        "sourceRevisions": [{"actionName": "Source", "revisionId": sha}],
    }


def action(run, name, category, status, day, external="", error=""):
    return {
        "pipelineExecutionId": run,
        "actionExecutionId": f"{run}-{name}",
        "stageName": category,
        "actionName": name,
        "startTime": when(f"{day} 10:01"),
        "lastUpdateTime": when(f"{day} 10:05"),
        "status": status,
        "input": {
            "actionTypeId": {"category": category, "owner": "AWS", "provider": "x", "version": "1"},
            "configuration": {"ApplicationName": "lantern", "DeploymentGroupName": "orders"}
            if category == "Deploy"
            else {},
        },
        "output": {
            "executionResult": {
                "externalExecutionId": external,
                "errorDetails": {"message": error} if error else {},
            }
        },
    }


def info(key, status, day, **members):
    return {
        "applicationName": "lantern",
        "deploymentGroupName": "orders",
        "deploymentId": key,
        "status": status,
        "createTime": when(f"{day} 10:06"),
        "completeTime": when(f"{day} 10:25"),
        "creator": "user",
    } | members


def targets(key, status, day, begin="10:10", end="10:15"):
    event = {"lifecycleEventName": "AllowTraffic", "status": status}
    if begin:
        event |= {"startTime": when(f"{day} {begin}"), "endTime": when(f"{day} {end}")}
    return {
        "deploymentTargets": [
            {
                "deploymentTargetType": "ECSTarget",
                "ecsTarget": {"deploymentId": key, "lifecycleEvents": [event]},
            }
        ]
    }


def declared(provider="CodeCommit"):
    """GetPipeline's answer about a pipeline whose source is of a provider."""
    action_type = {"category": "Source", "owner": "AWS", "provider": provider, "version": "1"}
    source = {
        "name": "Source",
        "actionTypeId": action_type,
        "configuration": {"RepositoryName": "lantern"},
    }
    return {
        "pipeline": {
            "name": "lantern",
            "roleArn": "arn:aws:iam::111122223333:role/lantern",
            "stages": [{"name": "Source", "actions": [source]}],
        }
    }


class Session:
    """boto3's clients with their network taken away."""

    def __init__(self):
        self.clients, self.stubs = {}, {}
        for name in ("codepipeline", "codedeploy", "codecommit", "cloudwatch", "xray"):
            self.clients[name] = boto3.client(
                name, region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x"
            )
            self.stubs[name] = Stubber(self.clients[name])
            self.stubs[name].activate()

    def client(self, name, endpoint_url=None):
        assert endpoint_url is None
        return self.clients[name]
