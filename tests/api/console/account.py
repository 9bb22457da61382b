"""CodePipeline and CodeDeploy with answers that a test writes: AWS's protocol and models, over real HTTP."""

import re
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
    """The error that AWS answers for an unknown id."""


class DeploymentDoesNotExistException(ApiError):
    """The error that AWS answers for an unknown id."""


def execution(number: int, **fields: Any) -> dict[str, Any]:
    """The number-th execution; each starts an hour after the previous one."""
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
        **fields,
    }


def action(of: dict[str, Any], stage: str, name: str, **fields: Any) -> dict[str, Any]:
    """One action of an execution; `result` is its executionResult."""
    category = {"Source": "Source", "Build": "Build", "Approve": "Approval"}.get(stage, "Deploy")
    provider = {"Build": "CodeBuild", "Deploy": "CodeDeployToECS"}.get(stage, "CodeCommit")
    result = fields.pop("result", {})
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
        **fields,
    }


def deployment(name: str, **fields: Any) -> dict[str, Any]:
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
        **fields,
    }


def event(name: str, start: float | None = None, end: float | None = None, **fields: Any) -> dict[str, Any]:
    """A lifecycle event, seconds after the start."""
    times = {"startTime": start, "endTime": end}
    known = {key: START_S + value for key, value in times.items() if value is not None}
    return {"lifecycleEventName": name, "status": "Succeeded", **known, **fields}


@dataclass
class Account:
    """The account's answers, the changes that it was asked for, and the names of counted operations."""

    pipelines: list[str] = field(default_factory=lambda: ["lantern"])
    executions: list[dict[str, Any]] = field(default_factory=list)  # the newest first
    actions: list[dict[str, Any]] = field(default_factory=list)  # the newest first
    approval: dict[str, Any] | None = None
    deployments: dict[str, dict[str, Any]] = field(default_factory=dict)
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    routing: dict[str, Any] = field(default_factory=lambda: {"type": "AllAtOnce"})
    changed: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    operations: list[str] = field(default_factory=list)
    alarms: list[dict[str, Any]] = field(default_factory=list)
    alarm_changes: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def reset(self) -> None:
        """Forget everything but the address."""
        self.__init__(url=self.url)  # type: ignore[misc]

    def add(self, *executions: dict[str, Any]) -> None:
        """Executions with three actions each, the newest last."""
        for added in executions:
            self.executions.insert(0, added)
            for stage, name in (("Source", "Source"), *(("Build", name) for name in SERVICES)):
                self.actions.insert(0, action(added, stage, name))

    def release(
        self, number: int, name: str, *, reached_users: bool = True, error: str = "", group: str = "orders"
    ) -> dict[str, Any]:
        """Add the number-th execution and its deployment `name`: some users get it at 60 s, all at 80 s.

        With an error it is stopped at 90 s and rolled back; not `reached_users`, no user had it."""
        began, is_good = START_S + 3600 * number, not error
        released = execution(number, status="Succeeded" if is_good else "Failed")
        self.add(released)
        names = {"ApplicationName": "lantern", "DeploymentGroupName": group}
        kind = {"category": "Deploy", "owner": "AWS", "provider": "CodeDeployToECS", "version": "1"}
        about = {"input": {"actionTypeId": kind, "configuration": names}, "status": released["status"]}
        self.actions.insert(
            0, action(released, "Deploy", group, result={"externalExecutionId": name}, **about)
        )
        times = {"createTime": began + 50, "startTime": began + 50, "completeTime": began + 90}
        info = {
            "deploymentGroupName": group,
            "description": "time scale 60: a minute passes in 1 s",
            **times,
        }
        if error:
            back = {"rollbackDeploymentId": f"{name}B", "rollbackMessage": "rolled back"}
            code = {"code": "ALARM_ACTIVE", "message": error}
            info |= {"status": "Stopped", "errorInformation": code, "rollbackInfo": back}
        self.deployments[name] = deployment(name, **info)
        offset, status = 3600 * number, "Succeeded" if is_good else "Failed"
        allowed = event("AllowTraffic", offset + 60, offset + 80, status=status)
        self.targets[name] = {
            "lifecycleEvents": [allowed] if reached_users else [event("Install", offset + 50)]
        }
        return released

    def roll_back(self, name: str) -> None:
        """Add the roll-back of a deployment that was stopped, which succeeds as soon as that has ended."""
        stopped = self.deployments[name]
        ended, back = stopped["completeTime"], stopped["rollbackInfo"]["rollbackDeploymentId"]
        times = {"createTime": ended, "startTime": ended, "completeTime": ended}
        self.deployments[back] = deployment(
            back,
            deploymentGroupName=stopped["deploymentGroupName"],
            description=stopped["description"],
            creator="codeDeployRollback",
            rollbackInfo={"rollbackTriggeringDeploymentId": name},
            **times,
        )
        self.targets[back] = {"lifecycleEvents": []}

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
            "PutApprovalResult": lambda parameters: self._change(
                "PutApprovalResult", parameters, {"approvedAt": START_S}
            ),
            "StopPipelineExecution": lambda parameters: self._change("StopPipelineExecution", parameters, {}),
        }

    def codedeploy(self) -> dict[str, Any]:
        """The operations of CodeDeploy."""
        return {
            "ListDeployments": self._list_deployments,
            "BatchGetDeployments": lambda parameters: {
                "deploymentsInfo": [self.deployments[name] for name in parameters["deploymentIds"]]
            },
            "GetDeployment": self._deployment,
            "ListDeploymentTargets": lambda parameters: {
                "targetIds": ["lantern:orders"] if parameters["deploymentId"] in self.targets else []
            },
            "BatchGetDeploymentTargets": lambda parameters: {
                "deploymentTargets": [
                    {
                        "deploymentTargetType": "ECSTarget",
                        "ecsTarget": self.targets[parameters["deploymentId"]],
                    }
                ]
            },
            "GetDeploymentTarget": lambda parameters: {
                "deploymentTarget": {
                    "deploymentTargetType": "ECSTarget",
                    "ecsTarget": self.targets[parameters["deploymentId"]],
                }
            },
            "GetDeploymentConfig": lambda _: {"deploymentConfigInfo": {"trafficRoutingConfig": self.routing}},
            "GetDeploymentGroup": lambda _: {"deploymentGroupInfo": self._group()},
            "StopDeployment": lambda parameters: self._change(
                "StopDeployment", parameters, {"status": "Succeeded"}
            ),
        }

    def cloudwatch(self) -> dict[str, Any]:
        """The operations of CloudWatch about alarms."""
        return {
            "DescribeAlarms": lambda _: {"MetricAlarms": self.alarms},
            "DescribeAlarmHistory": lambda _: {"AlarmHistoryItems": self.alarm_changes},
        }

    def _change(self, name: str, parameters: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        self.changed.append((name, parameters))
        return answer

    def _declaration(self) -> dict[str, Any]:
        def declared_action(category: str, name: str) -> dict[str, Any]:
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
                {"name": key, "actions": [declared_action(key, n) for n in names]}
                for key, names in stages.items()
            ],
        }

    def _state(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"stageStates": [self.approval] if self.approval else []}

    def _executions(self, parameters: dict[str, Any]) -> dict[str, Any]:
        page, token = _paged(self.executions, parameters)
        return {"pipelineExecutionSummaries": page, "nextToken": token}

    def _execution(self, parameters: dict[str, Any]) -> dict[str, Any]:
        for listed in self.executions:
            if listed["pipelineExecutionId"] == parameters["pipelineExecutionId"]:
                revisions = [{"name": "source", **revision} for revision in listed["sourceRevisions"]]
                return {"pipelineExecution": {**listed, "artifactRevisions": revisions}}
        raise PipelineExecutionNotFoundException("no such execution")

    def _actions(self, parameters: dict[str, Any]) -> dict[str, Any]:
        self.operations.append("ListActionExecutions")
        only = (parameters.get("filter") or {}).get("pipelineExecutionId")
        actions = [listed for listed in self.actions if only in (None, listed["pipelineExecutionId"])]
        page, token = _paged(actions, parameters)
        return {"actionExecutionDetails": page, "nextToken": token}

    def _list_deployments(self, parameters: dict[str, Any]) -> dict[str, Any]:
        statuses, end = (
            parameters.get("includeOnlyStatuses"),
            (parameters.get("createTimeRange") or {}).get("end"),
        )
        return {
            "deployments": [
                name
                for name, info in self.deployments.items()
                if (not statuses or info["status"] in statuses)
                and parameters.get("deploymentGroupName") in (None, info["deploymentGroupName"])
                and (end is None or info["createTime"] <= end)
            ]
        }

    def _deployment(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if parameters["deploymentId"] not in self.deployments:
            raise DeploymentDoesNotExistException("no such deployment")
        return {"deploymentInfo": self.deployments[parameters["deploymentId"]]}

    def _group(self) -> dict[str, Any]:
        pair = [{"name": "orders-blue"}, {"name": "orders-green"}]
        return {
            "alarmConfiguration": {"enabled": True, "alarms": [{"name": "orders-errors"}]},
            "loadBalancerInfo": {"targetGroupPairInfoList": [{"targetGroups": pair}]},
        }


class Silent(WSGIRequestHandler):
    """Logs no requests."""

    def log_request(self, *_: Any) -> None:
        pass


@contextmanager
def running() -> Any:
    """Serve an account on a free port."""
    account = Account()
    apis = {
        "CodePipeline": Application("codepipeline", account.codepipeline()),
        "CodeDeploy": Application("codedeploy", account.codedeploy()),
        "GraniteServiceVersion20100801": Application("cloudwatch", account.cloudwatch()),
    }

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        name = re.split("[_.]", environ.get("HTTP_X_AMZ_TARGET", ""))[0]
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


def _paged(entries: list[Any], parameters: dict[str, Any]) -> tuple[list[Any], str | None]:
    begin, size = int(parameters.get("nextToken") or 0), parameters.get("maxResults") or 100
    return entries[begin : begin + size], str(begin + size) if begin + size < len(entries) else None
