"""CodePipeline and CodeDeploy with answers that a test writes: AWS's protocol and models, over real HTTP."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from local.awsapi.application import Application
from local.awsapi.errors import ApiError

SERVICES = ("catalog", "orders")
START_S = 1_790_000_000.0


class PipelineExecutionNotFoundException(ApiError):
    """As AWS names it."""


class DeploymentDoesNotExistException(ApiError):
    """As AWS names it."""


def execution(number: int, **more: Any) -> dict[str, Any]:
    """The number-th execution; each began an hour after the one before."""
    began = START_S + 3600 * number
    return {
        "pipelineExecutionId": f"00000000-0000-4000-8000-{number:012d}",
        "status": "Succeeded",
        "startTime": began,
        "lastUpdateTime": began + 90,
        "sourceRevisions": [
            {
                "actionName": "Source",
                "revisionId": f"{number:07x}" + "a" * 33,
                "revisionSummary": f"Lamp {number}",
            }
        ],
        "trigger": {
            "triggerType": "CloudWatchEvent",
            "triggerDetail": "arn:aws:events:us-east-1:1:rule/OnPush",
        },
        **more,
    }


def action(of: dict[str, Any], stage: str, name: str, **more: Any) -> dict[str, Any]:
    """One action of an execution; `result` is its executionResult."""
    category = {"Source": "Source", "Build": "Build", "Approve": "Approval"}.get(stage, "Deploy")
    provider = {"Build": "CodeBuild", "Deploy": "CodeDeployToECS"}.get(stage, "CodeCommit")
    result = more.pop("result", {})
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {
        "pipelineExecutionId": of["pipelineExecutionId"],
        "stageName": stage,
        "actionName": name,
        "status": "Succeeded",
        "startTime": of["startTime"] + 10,
        "lastUpdateTime": of["startTime"] + 40,
        "input": {"actionTypeId": kind},
        "output": {"executionResult": result},
        **more,
    }


def deployment(name: str, **more: Any) -> dict[str, Any]:
    """A deployment of orders that took 90 s."""
    return {
        "applicationName": "lantern",
        "deploymentGroupName": "orders",
        "deploymentConfigName": "CodeDeployDefault.ECSCanary10Percent5Minutes",
        "deploymentId": name,
        "status": "Succeeded",
        "createTime": START_S,
        "startTime": START_S,
        "completeTime": START_S + 90,
        "computePlatform": "ECS",
        **more,
    }


def event(name: str, start: float | None = None, end: float | None = None, **more: Any) -> dict[str, Any]:
    """A lifecycle event, seconds after the start."""
    times = {"startTime": start, "endTime": end}
    known = {key: START_S + value for key, value in times.items() if value is not None}
    return {"lifecycleEventName": name, "status": "Succeeded", **known, **more}


@dataclass
class Account:
    """What it answers, and what it was asked to change."""

    pipelines: list[str] = field(default_factory=lambda: ["lantern"])
    executions: list[dict[str, Any]] = field(default_factory=list)  # the newest first
    actions: list[dict[str, Any]] = field(default_factory=list)  # the newest first
    approval: dict[str, Any] | None = None
    deployments: dict[str, dict[str, Any]] = field(default_factory=dict)
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    routing: dict[str, Any] = field(default_factory=lambda: {"type": "AllAtOnce"})
    changed: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def reset(self) -> None:
        """As new, at the same address."""
        self.__init__(url=self.url)  # type: ignore[misc]

    def add(self, *executions: dict[str, Any]) -> None:
        """Executions with three actions each, the newest last."""
        for one in executions:
            self.executions.insert(0, one)
            for stage, name in (("Source", "Source"), *(("Build", name) for name in SERVICES)):
                self.actions.insert(0, action(one, stage, name))

    def release(
        self, number: int, name: str, *, seen: bool = True, error: str = "", group: str = "orders"
    ) -> dict[str, Any]:
        """The number-th execution and its deployment `name`; users saw it from 60 s on, all of them at 80 s.

        With an error it was stopped at 90 s and rolled back."""
        began, is_good = START_S + 3600 * number, not error
        one = execution(number, status="Succeeded" if is_good else "Failed")
        self.add(one)
        names = {"ApplicationName": "lantern", "DeploymentGroupName": group}
        kind = {"category": "Deploy", "owner": "AWS", "provider": "CodeDeployToECS", "version": "1"}
        about = {"input": {"actionTypeId": kind, "configuration": names}, "status": one["status"]}
        self.actions.insert(0, action(one, "Deploy", group, result={"externalExecutionId": name}, **about))
        times = {"createTime": began + 50, "startTime": began + 50, "completeTime": began + 90}
        made = {
            "deploymentGroupName": group,
            "description": "time scale 60: a minute passes in 1 s",
            **times,
        }
        if error:
            back = {"rollbackDeploymentId": f"{name}B", "rollbackMessage": "rolled back"}
            code = {"code": "ALARM_ACTIVE", "message": error}
            made |= {"status": "Stopped", "errorInformation": code, "rollbackInfo": back}
        self.deployments[name] = deployment(name, **made)
        offset, status = 3600 * number, "Succeeded" if is_good else "Failed"
        allowed = event("AllowTraffic", offset + 60, offset + 80, status=status)
        self.targets[name] = {"lifecycleEvents": [allowed] if seen else [event("Install", offset + 50)]}
        return one

    def codepipeline(self) -> dict[str, Any]:
        """The operations of CodePipeline."""
        return {
            "ListPipelines": lambda _: {
                "pipelines": [{"name": name, "version": 1} for name in self.pipelines]
            },
            "GetPipeline": lambda _: {"pipeline": self._declaration()},
            "GetPipelineState": self._state,
            "ListPipelineExecutions": self._executions,
            "GetPipelineExecution": self._execution,
            "ListActionExecutions": self._actions,
            "PutApprovalResult": lambda asked: self._change(
                "PutApprovalResult", asked, {"approvedAt": START_S}
            ),
            "StopPipelineExecution": lambda asked: self._change("StopPipelineExecution", asked, {}),
        }

    def codedeploy(self) -> dict[str, Any]:
        """The operations of CodeDeploy."""
        return {
            "ListDeployments": self._listed,
            "BatchGetDeployments": lambda asked: {
                "deploymentsInfo": [self.deployments[name] for name in asked["deploymentIds"]]
            },
            "GetDeployment": self._deployment,
            "ListDeploymentTargets": lambda asked: {
                "targetIds": ["lantern:orders"] if asked["deploymentId"] in self.targets else []
            },
            "BatchGetDeploymentTargets": lambda asked: {
                "deploymentTargets": [
                    {"deploymentTargetType": "ECSTarget", "ecsTarget": self.targets[asked["deploymentId"]]}
                ]
            },
            "GetDeploymentTarget": lambda asked: {
                "deploymentTarget": {
                    "deploymentTargetType": "ECSTarget",
                    "ecsTarget": self.targets[asked["deploymentId"]],
                }
            },
            "GetDeploymentConfig": lambda _: {"deploymentConfigInfo": {"trafficRoutingConfig": self.routing}},
            "GetDeploymentGroup": lambda _: {"deploymentGroupInfo": self._group()},
            "StopDeployment": lambda asked: self._change("StopDeployment", asked, {"status": "Succeeded"}),
        }

    def _change(self, name: str, asked: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        self.changed.append((name, asked))
        return answer

    def _declaration(self) -> dict[str, Any]:
        def one(category: str, name: str) -> dict[str, Any]:
            kind = {"category": category, "owner": "AWS", "provider": "CodeBuild", "version": "1"}
            group = {"ApplicationName": "lantern", "DeploymentGroupName": name}
            return {
                "name": name,
                "actionTypeId": kind,
                "configuration": group if category == "Deploy" else {},
            }

        stages = {"Source": ["Source"], "Build": SERVICES, "Deploy": SERVICES}
        return {
            "name": "lantern",
            "roleArn": "arn:aws:iam::111122223333:role/pipeline",
            "stages": [
                {"name": key, "actions": [one(key, n) for n in names]} for key, names in stages.items()
            ],
        }

    def _state(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"stageStates": [self.approval] if self.approval else []}

    def _executions(self, asked: dict[str, Any]) -> dict[str, Any]:
        page, token = _paged(self.executions, asked)
        return {"pipelineExecutionSummaries": page, "nextToken": token}

    def _execution(self, asked: dict[str, Any]) -> dict[str, Any]:
        for one in self.executions:
            if one["pipelineExecutionId"] == asked["pipelineExecutionId"]:
                revisions = [{"name": "source", **each} for each in one["sourceRevisions"]]
                return {"pipelineExecution": {**one, "artifactRevisions": revisions}}
        raise PipelineExecutionNotFoundException("no such execution")

    def _actions(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.asked.append("ListActionExecutions")
        only = (asked.get("filter") or {}).get("pipelineExecutionId")
        found = [one for one in self.actions if only in (None, one["pipelineExecutionId"])]
        page, token = _paged(found, asked)
        return {"actionExecutionDetails": page, "nextToken": token}

    def _listed(self, asked: dict[str, Any]) -> dict[str, Any]:
        statuses, end = asked.get("includeOnlyStatuses"), (asked.get("createTimeRange") or {}).get("end")
        return {
            "deployments": [
                name
                for name, one in self.deployments.items()
                if (not statuses or one["status"] in statuses)
                and asked.get("deploymentGroupName") in (None, one["deploymentGroupName"])
                and (end is None or one["createTime"] <= end)
            ]
        }

    def _deployment(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["deploymentId"] not in self.deployments:
            raise DeploymentDoesNotExistException("no such deployment")
        return {"deploymentInfo": self.deployments[asked["deploymentId"]]}

    def _group(self) -> dict[str, Any]:
        pair = [{"name": "orders-blue"}, {"name": "orders-green"}]
        return {
            "alarmConfiguration": {"enabled": True, "alarms": [{"name": "orders-errors"}]},
            "loadBalancerInfo": {"targetGroupPairInfoList": [{"targetGroups": pair}]},
        }


class Silent(WSGIRequestHandler):
    """Says nothing of what it answers."""

    def log_request(self, *_: Any) -> None:
        pass


@contextmanager
def running() -> Any:
    """An account that answers."""
    account = Account()
    apis = {
        "CodePipeline": Application("codepipeline", account.codepipeline()),
        "CodeDeploy": Application("codedeploy", account.codedeploy()),
    }

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        name = environ.get("HTTP_X_AMZ_TARGET", "").partition("_")[0]
        return apis[name](environ, start_response)

    server = make_server("127.0.0.1", 0, serve, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    account.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield account
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _paged(items: list[Any], asked: dict[str, Any]) -> tuple[list[Any], str | None]:
    begin, size = int(asked.get("nextToken") or 0), asked.get("maxResults") or 100
    return items[begin : begin + size], str(begin + size) if begin + size < len(items) else None
