"""All parts together, and the one thread that looks several times a second and moves things on."""

import logging
import socket
import threading
from logging.handlers import RotatingFileHandler

import botocore.exceptions
import docker.errors

from local.pipeline import eventbridge as events
from local.pipeline.architecture import Architecture, full_name, read
from local.pipeline.clock import Clock
from local.pipeline.cloudwatch.metrics import NAMESPACE, Metrics
from local.pipeline.cloudwatch.published_metrics import datapoints
from local.pipeline.codebuild.build import CodeBuild
from local.pipeline.codecommit.repository import Repository, RepositoryError
from local.pipeline.codedeploy.deployments import Deployments
from local.pipeline.codedeploy.lifecycle_hooks import Hooks
from local.pipeline.codepipeline.executions import Executions
from local.pipeline.ecs.service_scheduler import Fleet
from local.pipeline.ecs.task_containers import Place
from local.pipeline.ecs.task_runner import Containers
from local.pipeline.identifiers import REGION, arn
from local.pipeline.journal import Journal
from local.pipeline.load_balancing import access_log
from local.pipeline.load_balancing.haproxy import ACCESS, FOLDER, listener_name
from local.pipeline.load_balancing.load_balancer import BalancerError, LoadBalancer
from local.pipeline.local_aws import Aws
from local.pipeline.provision import Provision, ProvisionError
from local.pipeline.settings import Settings

log = logging.getLogger(__name__)

LOOK_S = 0.2
TRY_AGAIN_S = 1.0
PUBLISH_S = 5.0
LOG_BYTES = 5 * 1024 * 1024


class Runner:
    """What the API's operations are given."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock(settings.scale)
        self.architecture: Architecture = read({"Approval": "yes" if settings.approval else "no"})
        self.journal = Journal(settings.state / "journal.sqlite")
        self.aws = Aws(settings)
        self.metrics = Metrics(self.clock)
        self.balancer = LoadBalancer()
        self.hooks = Hooks(self.aws)
        place = _place(settings)
        self.fleet = Fleet(self.architecture, self.journal, Containers(place), self.balancer)
        self.deployments = Deployments(
            self.architecture,
            self.journal,
            self.fleet,
            self.hooks,
            self.metrics,
            self.balancer,
            place,
            self.clock,
        )
        self.repository = Repository("lantern", settings.state, self.pushed)
        self.executions = Executions(
            self.architecture,
            self.journal,
            self.repository,
            CodeBuild(self.architecture, settings, self.aws),
            self.deployments,
            self.aws,
            place,
            self.clock,
        )
        self.trouble = "starting"  # what keeps it from working; empty when all is well
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._access = _access_file(settings)

    def start(self) -> None:
        """Begin to look."""
        for name, work in {
            "access log": self._read_access_log,
            "look": self._look,
            "events": self._send_events,
            "metrics": self._publish,
        }.items():
            thread = threading.Thread(target=work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End; tasks and traffic stay as they are."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=5)
        self.fleet.close()
        self.hooks.close()
        self.executions.close()
        self.journal.close()

    def pushed(self, branch: str, commit: str, is_new: bool) -> None:
        """A push moved a branch: tell, and start the pipeline when the templates' rule says so."""
        resource = arn("codecommit", self.repository.name)
        detail = {
            "event": "referenceCreated" if is_new else "referenceUpdated",
            "repositoryName": self.repository.name,
            "referenceType": "branch",
            "referenceName": branch,
            "commitId": commit,
        }
        now = self.clock.now()
        self.journal.announce(
            events.envelope("aws.codecommit", events.PUSH, resource, detail, now, self.clock.scale)
        )
        if branch == self.architecture.branch:
            try:
                self.executions.start(commit, ("CloudWatchEvent", arn("events", "rule/StartOnPush")))
            except RepositoryError as error:
                log.warning("push to %s: %s", branch, error)

    # --- threads

    def _look(self) -> None:
        provision = Provision(self.architecture, self.settings, self.aws, self.fleet, self.deployments)
        is_provisioned = False
        while not self._stopping.is_set():
            try:
                if not is_provisioned:
                    provision.run()
                    self.executions.resume()
                    self.deployments.resume()
                    is_provisioned = True
                self.fleet.look()
                self.deployments.look()
                self.executions.look()
                self.trouble = ""
            except (
                BalancerError,
                ProvisionError,
                botocore.exceptions.BotoCoreError,
                botocore.exceptions.ClientError,
                docker.errors.DockerException,
                OSError,
            ) as error:
                if str(error) != self.trouble:
                    log.warning("%s", error)
                self.trouble = str(error)
                self._stopping.wait(TRY_AGAIN_S)
            except Exception as error:  # the loop's edge: one look that fails must not be the last
                log.exception("look")
                self.trouble = f"{type(error).__name__}: {error}"
                self._stopping.wait(TRY_AGAIN_S)
            self._stopping.wait(LOOK_S)

    def _read_access_log(self) -> None:
        path = FOLDER / ACCESS
        path.unlink(missing_ok=True)
        names = {group.name: group.full_name for group in self.architecture.target_groups()}
        balancers = {
            listener_name(listener.name): full_name("app", listener.balancer)
            for _, listener in self.architecture.listeners()
        }
        production = {listener_name(group.production.name) for group in self.architecture.groups.values()}
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
            receiver.bind(str(path))
            path.chmod(0o666)
            receiver.settimeout(0.5)
            while not self._stopping.is_set():
                try:
                    line = receiver.recv(65536).decode(errors="replace")
                except TimeoutError:
                    continue
                access = access_log.parse(line)
                if not access or access.group not in names:
                    continue
                self._access.info(access_log.as_alb(access, balancers.get(access.listener, "-")))
                if access.listener in production:
                    self.metrics.add((names[access.group], balancers[access.listener]), access)

    def _send_events(self) -> None:
        while not self._stopping.wait(LOOK_S):
            try:
                for number, event in self.journal.unsent():
                    self.aws.put_event(event)
                    self.journal.sent(number)
            except OSError as error:
                log.warning("EventBridge: %s", error)
                self._stopping.wait(TRY_AGAIN_S)

    def _publish(self) -> None:
        """CloudWatch gets what was measured, as it was: real seconds, real counts."""
        begin = self.clock.now()
        while not self._stopping.wait(PUBLISH_S):
            end = self.clock.now()
            try:
                self.aws.put_metrics(NAMESPACE, datapoints(self.architecture, self.metrics, begin, end))
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
                log.warning("CloudWatch: %s", error)
            begin = end


def _place(settings: Settings) -> Place:
    return Place(
        project=settings.project,
        network=settings.network,
        registry=settings.registry,
        pause_image=settings.build_image,
        logs_address=settings.logs_address,
        environment={  # what Fargate and the network give on AWS: credentials and endpoints
            "AWS_ENDPOINT_URL": settings.aws_url,
            "AWS_ENDPOINT_URL_XRAY": settings.xray_url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "laptop",
            "AWS_SECRET_ACCESS_KEY": "laptop",
            "AWS_EC2_METADATA_DISABLED": "true",
            "TRACE_URL": settings.trace_url,
        },
    )


def _access_file(settings: Settings) -> logging.Logger:
    settings.state.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(settings.state / "access.log", maxBytes=LOG_BYTES, backupCount=2)
    logger = logging.getLogger("lantern.access")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.handlers = [handler]
    return logger
