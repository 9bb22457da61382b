"""Puts all parts together, and runs the threads that move everything on."""

import logging
import threading

import botocore.exceptions
import docker.errors

from local.iam.operations import Access
from local.pipeline import eventbridge
from local.pipeline.architecture import read
from local.pipeline.clock import Clock
from local.pipeline.cloudwatch.alarm_states import AlarmStates
from local.pipeline.cloudwatch.metrics import NAMESPACE, Metrics
from local.pipeline.cloudwatch.published_metrics import metric_data
from local.pipeline.codebuild.build import CodeBuild
from local.pipeline.codecommit.git_http import GitHttp
from local.pipeline.codecommit.repository import Repository, RepositoryError
from local.pipeline.codedeploy.deployments import Deployments
from local.pipeline.codedeploy.lifecycle_hooks import LifecycleHooks
from local.pipeline.codedeploy.service_traffic import TrafficDirector
from local.pipeline.codepipeline.actions import Actions
from local.pipeline.codepipeline.executions import Executions
from local.pipeline.ecs.service_scheduler import ServiceScheduler
from local.pipeline.ecs.sick_task import SickTask
from local.pipeline.ecs.task_runner import TaskRunner
from local.pipeline.iam.sessions import AccessDenied, Sessions
from local.pipeline.iam.task_roles import RolesOfTasks
from local.pipeline.identifiers import arn
from local.pipeline.journal import Journal
from local.pipeline.lambda_runner import LambdaRunner
from local.pipeline.load_balancing.access_log_receiver import receive_access_log
from local.pipeline.load_balancing.load_balancer import LoadBalancer, LoadBalancerError
from local.pipeline.local_aws import LocalAws
from local.pipeline.provision import Provisioner, ProvisionError
from local.pipeline.settings import Settings

log = logging.getLogger(__name__)

LOOK_S = 0.2
RETRY_S = 1.0
PUBLISH_S = 5.0


class Runner:
    """The parts, by name, and the threads. `trouble` says what keeps it from working; empty when all is well.

    Raises ArchitectureError when the templates have something that can't be rehearsed.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock(settings.scale)
        self.architecture = read({"Approval": "yes" if settings.approval else "no"})
        self.journal = Journal(settings.state / "journal.sqlite")
        self.aws = LocalAws(settings)
        self.sessions = Sessions(self.aws)
        self.metrics = Metrics(self.clock)
        self.repository = Repository("lantern", settings.state)
        self.git_http = GitHttp(self.repository, self.pushed)
        load_balancer = LoadBalancer()
        task_runner, target_groups = (
            TaskRunner(settings, RolesOfTasks(self.sessions)),
            self.architecture.target_groups(),
        )
        self.scheduler = ServiceScheduler(target_groups, self.journal, task_runner, load_balancer)
        self.sick_task = SickTask(self.journal, task_runner, is_enabled=settings.faults)
        self.traffic = TrafficDirector(self.architecture, self.journal, load_balancer)
        self.alarms = AlarmStates(self.architecture, self.journal, self.metrics, self.clock)
        self.hooks = LifecycleHooks(LambdaRunner(self.architecture.functions, settings, self.sessions))
        self.deployments = Deployments(
            architecture=self.architecture,
            journal=self.journal,
            scheduler=self.scheduler,
            hooks=self.hooks,
            alarms=self.alarms,
            traffic=self.traffic,
            clock=self.clock,
            sessions=self.sessions,
        )
        self.executions = Executions(
            architecture=self.architecture,
            journal=self.journal,
            repository=self.repository,
            actions=Actions(
                architecture=self.architecture,
                repository=self.repository,
                builds=CodeBuild(self.architecture, settings, self.sessions),
                deployments=self.deployments,
                aws=self.aws,
                sessions=self.sessions,
            ),
            clock=self.clock,
        )
        self.trouble = "starting"
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads."""
        for name, run in {
            "access log": self._receive_access_log,
            "look": self._look,
            "events": self._send_events,
            "metrics": self._publish_metrics,
        }.items():
            thread = threading.Thread(target=run, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Stop the threads. Tasks and traffic stay as they are."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=5)
        for part in (self.scheduler, self.hooks, self.executions, self.journal):
            part.close()

    def pushed(self, branch: str, commit: str, is_new: bool) -> None:
        """Announce that a push has moved a branch; a push to the pipeline's branch starts an execution."""
        detail = {
            "event": "referenceCreated" if is_new else "referenceUpdated",
            "repositoryName": self.repository.name,
            "referenceType": "branch",
            "referenceName": branch,
            "commitId": commit,
        }
        resource, now = arn("codecommit", self.repository.name), self.clock.now()
        kind, scale = eventbridge.PUSH, self.clock.scale
        self.journal.announce(eventbridge.envelope("aws.codecommit", kind, resource, detail, now, scale))
        if branch == self.architecture.branch:
            try:
                self._require_start()
                self.executions.start(
                    commit,
                    trigger_type="CloudWatchEvent",
                    trigger_detail=arn("events", "rule/StartOnPush"),
                )
            except (AccessDenied, RepositoryError, botocore.exceptions.ClientError) as error:
                log.warning("push to %s: %s", branch, error)

    def _require_start(self) -> None:
        """Ask whether EventBridge's role may start the pipeline. Raises AccessDenied and ClientError."""
        pipeline = arn("codepipeline", self.architecture.pipeline["Name"])
        access = Access("codepipeline:StartPipelineExecution", pipeline)
        source = arn("events", "rule/StartOnPush")
        self.sessions.acting("events", self.architecture.start_role, "StartOnPush", source)
        self.sessions.require(self.architecture.start_role, "StartOnPush", [access])

    # --- threads

    def _look(self) -> None:
        provisioner = Provisioner(
            architecture=self.architecture,
            settings=self.settings,
            aws=self.aws,
            scheduler=self.scheduler,
            deployments=self.deployments,
            traffic=self.traffic,
            sessions=self.sessions,
        )
        is_provisioned = False
        while not self._stopping.is_set():
            try:
                if not is_provisioned:
                    provisioner.run()
                    self.executions.resume()
                    self.deployments.resume()
                    is_provisioned = True
                self.scheduler.look()
                self.deployments.look()
                self.executions.look()
                self.trouble = ""
            except (
                LoadBalancerError,
                ProvisionError,
                botocore.exceptions.BotoCoreError,
                botocore.exceptions.ClientError,
                docker.errors.DockerException,
                OSError,
            ) as error:
                if str(error) != self.trouble:
                    log.warning("%s", error)
                self.trouble = str(error)
                self._stopping.wait(RETRY_S)
            except Exception as error:  # the edge of the loop: a look that fails must not be the last one
                log.exception("look")
                self.trouble = f"{type(error).__name__}: {error}"
                self._stopping.wait(RETRY_S)
            self._stopping.wait(LOOK_S)

    def _receive_access_log(self) -> None:
        file = self.settings.state / "access.log"
        receive_access_log(self.architecture, file, self.metrics.add, self._stopping)

    def _send_events(self) -> None:
        while not self._stopping.wait(LOOK_S):
            try:
                for number, event in self.journal.unsent_events():
                    self.aws.put_event(event)
                    self.journal.mark_sent(number)
            except OSError as error:
                log.warning("EventBridge: %s", error)
                self._stopping.wait(RETRY_S)

    def _publish_metrics(self) -> None:
        begin = self.clock.now()
        while not self._stopping.wait(PUBLISH_S):
            end = self.clock.now()
            try:
                self.aws.put_metrics(NAMESPACE, metric_data(self.architecture, self.metrics, begin, end))
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
                log.warning("CloudWatch: %s", error)
            begin = end
