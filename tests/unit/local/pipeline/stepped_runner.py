"""The runner's parts put together as `Runner` does, on a clock that tests move; fakes for AWS and Docker."""

import json
import threading
from dataclasses import replace
from types import SimpleNamespace

from local.pipeline.cloudwatch.alarm_states import AlarmStates
from local.pipeline.cloudwatch.metrics import Metrics
from local.pipeline.codebuild.build import Build, BuildFailed
from local.pipeline.codedeploy.deployments import Deployments
from local.pipeline.codedeploy.service_traffic import TrafficDirector
from local.pipeline.codepipeline.actions import Actions
from local.pipeline.codepipeline.executions import Executions
from local.pipeline.ecs.fargate_rules import TaskError
from local.pipeline.ecs.service_scheduler import ServiceScheduler
from local.pipeline.ecs.task_runner import RunningTask
from local.pipeline.journal import Journal
from local.pipeline.load_balancing.load_balancer import Target
from tests.unit.local.pipeline.deploy_artifact import files, zipped
from tests.unit.local.pipeline.requests_log import START
from tests.unit.local.pipeline.template_iam import TemplateIam
from tests.waiting import wait_until

LOOK_S = 0.2
GROUPS = ("catalog", "orders", "storefront")


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, scale=60.0):
        self.scale, self.time = scale, START

    def real_s(self, simulated_s):
        return simulated_s / self.scale

    def now(self):
        return self.time

    def scale_note(self):
        return ""


class FakeAws:
    """S3 and ECS, with what was put there. `refuses` maps a method to the error that it raises."""

    def __init__(self):
        self.artifacts, self.registered, self.refuses = {}, [], {}

    def put_artifact(self, bucket, key, content):
        self._raise_if_refused("put_artifact")
        self.artifacts[bucket, key] = content

    def delete_old_artifacts(self, bucket, key):
        pass

    def get_artifact(self, bucket, key):
        self._raise_if_refused("get_artifact")
        return self.artifacts[bucket, key]

    def register_task_definition(self, definition):
        self._raise_if_refused("register_task_definition")
        self.registered.append(definition)
        return f"arn:aws:ecs:us-east-1:111122223333:task-definition/lantern:{len(self.registered)}"

    def _raise_if_refused(self, name):
        if name in self.refuses:
            raise self.refuses[name]


class FakeBuilds:
    """Each build is over at once, unless it is held; its artifact is that of the service `cache`."""

    def __init__(self, aws):
        self.aws = aws
        self.begun, self.cleared, self.fails, self.outputs = [], 0, {}, {}
        self._held = {}

    def hold(self, service):
        self._held[service] = threading.Event()

    def let_go(self, service=None):
        for name in [service] if service else list(self._held):
            self._held.pop(name).set()

    def remove_containers(self):
        self.cleared += 1

    def acting(self, build_id):
        return self.aws

    def run(self, *, aws, build_id, source, commit, variables, cache, progress):
        self.begun.append(cache)
        progress("phase BUILD")
        if held := self._held.get(cache):
            assert held.wait(20), f"nobody let the build of {cache} go"
        if cache in self.fails:
            raise BuildFailed("COMMAND_EXECUTION_ERROR", self.fails[cache])
        return Build(zipped(self.outputs.get(cache) or built(cache)), {"SERVICE_VERSION": commit[:7]})


def built(service):
    """A service's deploy artifact: the repository's own files, and the image's URI."""
    digest = "a" * 64
    text = files()["taskdef.json"].replace("orders", service)
    image = f"111122223333.dkr.ecr.us-east-1.amazonaws.com/lantern/{service}@sha256:{digest}"
    return files() | {"taskdef.json": text, "imageDetail.json": json.dumps({"ImageURI": image})}


class FakeTaskRunner:
    """Tasks that run and are healthy at once, each with an address of its own."""

    def __init__(self):
        self.tasks, self.started, self.stopped, self.removed = {}, [], [], []
        self.images_removed = []
        self.broken = ""  # why no task can be started
        self.healthy = True
        self._lock = threading.Lock()

    def all(self):
        with self._lock:
            return list(self.tasks.values())

    def pull(self, definition):
        if self.broken:
            raise TaskError(self.broken)

    def start(self, task, definition):
        with self._lock:
            self.started.append(task)
            address = f"172.18.0.{len(self.started) + 1}"
            self.tasks[task.id] = RunningTask(
                task=task, address=address, status="RUNNING", healthy=self.healthy
            )

    def change(self, task_id, **changes):
        with self._lock:
            self.tasks[task_id] = replace(self.tasks[task_id], **changes)

    def stop(self, task_id):
        self.stopped.append(task_id)
        self.tasks.pop(task_id, None)

    def remove(self, task_id):
        self.removed.append(task_id)
        self.tasks.pop(task_id, None)

    def remove_images(self, definition, kept):
        self.images_removed.append((definition["family"], len(kept)))


class FakeLoadBalancer:
    """Target groups whose targets are healthy at once; a restart loses targets and weights."""

    def __init__(self, architecture):
        self._names = [group.name for group in architecture.target_groups()]
        self.restarts, self.requests, self.log, self._known_weights = 0, {}, [], {}
        self.begin()

    def begin(self):
        self.slots, self.weights = {name: {} for name in self._names}, {}

    def restart(self):
        self.restarts += 1
        self.begin()

    def process(self):
        return f"process {self.restarts}"

    def forget_weights(self):
        self.log.append(("forget weights",))
        self._known_weights.clear()

    def targets(self):
        return [
            Target(group, address, address, state, self.requests.get(address, 0))
            for group, slots in self.slots.items()
            for address, state in slots.items()
        ]

    def register(self, group, addresses, port):
        for address in self.slots[group]:
            if address not in addresses:
                self.slots[group][address] = "draining"
        self.slots[group] |= dict.fromkeys(addresses, "healthy")

    def release(self, target):
        self.log.append(("release", target.address))
        self.slots[target.group].pop(target.address, None)

    def set_weights(self, listener, weights):
        shares = {name: weight for name, weight in weights.items() if weight}
        if self._known_weights.get(listener) != shares:
            self.log.append(("set weights", listener, shares))
            self.weights[listener] = self._known_weights[listener] = shares


class FakeHooks:
    """Functions that report at once, unless they are quiet."""

    def __init__(self, log):
        self.answer, self.quiet, self.log, self.not_invoked = "Succeeded", False, log, {}
        self.deployments = None

    def invoke(self, hook_id, function, deployment_id):
        self.log.append(("invoke", hook_id))
        if not self.quiet:
            self.deployments.report_hook(deployment_id, hook_id, self.answer)

    def failures(self):
        return self.not_invoked


class SteppedRunner:
    """A runner whose looks the test makes; `restarted` is the next one on the same journal and machine."""

    def __init__(self, architecture, repository, path, before=None):
        self.architecture, self.repository, self._path = architecture, repository, path
        self.settings, self.trouble = SimpleNamespace(approval=True), ""
        self.clock = before.clock if before else ManualClock()
        self.journal = Journal(path / "journal.sqlite")
        self.aws = before.aws if before else FakeAws()
        self.sessions = before.sessions if before else TemplateIam(self.aws)
        self.task_runner = before.task_runner if before else FakeTaskRunner()
        self.load_balancer = before.load_balancer if before else FakeLoadBalancer(architecture)
        self.builds = FakeBuilds(self.aws)
        self.hooks = FakeHooks(self.load_balancer.log)
        self.metrics = Metrics(self.clock)
        self.scheduler = ServiceScheduler(
            architecture.target_groups(), self.journal, self.task_runner, self.load_balancer
        )
        self.alarms = AlarmStates(architecture, self.journal, self.metrics, self.clock)
        self.traffic = TrafficDirector(architecture, self.journal, self.load_balancer)
        self.deployments = Deployments(
            architecture=architecture,
            journal=self.journal,
            scheduler=self.scheduler,
            hooks=self.hooks,
            alarms=self.alarms,
            traffic=self.traffic,
            clock=self.clock,
            sessions=self.sessions,
        )
        self.hooks.deployments = self.deployments
        self.actions = Actions(
            architecture=architecture,
            repository=repository,
            builds=self.builds,
            deployments=self.deployments,
            aws=self.aws,
            sessions=self.sessions,
        )
        self.executions = Executions(
            architecture=architecture,
            journal=self.journal,
            repository=repository,
            actions=self.actions,
            clock=self.clock,
        )

    def look(self, seconds=LOOK_S):
        """One look of the runner's thread, so many seconds later."""
        self.clock.time += seconds
        self.scheduler.look()
        self.deployments.look()
        self.executions.look()

    def until(self, condition, description=""):
        """Look until the condition holds; work in other threads takes real time, AWS's waits take none."""

        def look_and_check():
            self.look(5)
            return condition()

        return wait_until(look_and_check, 20, description)

    def start(self, commit=""):
        """Start an execution; returns its id."""
        return self.executions.start(commit).id

    def execution(self, key):
        return self.executions.get(key)

    def action(self, key, name, stage_name=None):
        """An action by its name, of a stage when several have it."""
        return next(
            action
            for stage in self.execution(key).stages
            if stage_name in (None, stage.name)
            for action in stage.actions
            if action.name == name
        )

    def until_begun(self, key, name, stage_name=None):
        """Look until an action has begun."""
        self.until(
            lambda: self.action(key, name, stage_name).status != "Pending", f"{stage_name} {name} begins"
        )

    def approve(self, key, status="Approved", token=None):
        """Answer the approval that an execution waits for."""
        self.until_begun(key, "Agree")
        return self.executions.approve(
            stage="Approval",
            action="Agree",
            token=token or self.action(key, "Agree").token,
            status=status,
            summary="said the shopkeeper",
        )

    def until_ended(self, key):
        """Look until an execution is over; returns it."""
        self.until(lambda: self.execution(key).ended, f"{key} ends")
        return self.execution(key)

    def announcements(self, key=None):
        """The state changes of an execution, as tuples of level, name and state."""
        changes = []
        for event in self.events("aws.codepipeline"):
            detail = event["detail"]
            if key in (None, detail["execution-id"]):
                name = " ".join(dict.fromkeys(detail[part] for part in ("stage", "action") if part in detail))
                changes.append((event["detail-type"].split()[1], name, detail["state"]))
        return changes

    def events(self, source):
        """The EventBridge events of an AWS service."""
        return [event for _, event in self.journal.events() if event["source"] == source]

    def restarted(self):
        """The next runner after a kill -9 of this one."""
        next_runner = SteppedRunner(self.architecture, self.repository, self._path, self)
        next_runner.executions.resume()
        next_runner.deployments.resume()
        return next_runner

    def close(self):
        self.builds.let_go()
        self.executions.close()
        self.actions._pool.shutdown(wait=True)
        self.scheduler.close()
        self.journal.close()
