"""The runner's parts put together as `runner` does, on a clock that tests move; fakes for AWS and Docker."""

import json
import threading
from dataclasses import replace

from local.pipeline.cloudwatch.metrics import Metrics
from local.pipeline.codebuild.build import Build, BuildFailed
from local.pipeline.codedeploy.deployments import Deployments
from local.pipeline.codepipeline.executions import Executions
from local.pipeline.ecs.fargate_rules import TaskError
from local.pipeline.ecs.service_scheduler import Fleet
from local.pipeline.ecs.task_runner import Running
from local.pipeline.journal import Journal
from local.pipeline.load_balancing.load_balancer import Target
from tests.unit.local.pipeline.revision import PLACE, files, zipped
from tests.unit.local.pipeline.samples import START
from tests.waiting import wait_until

LOOK_S = 0.2
GROUPS = ("catalog", "orders", "storefront")


class HandClock:
    """A clock that stands still until somebody moves it."""

    def __init__(self, scale=60.0):
        self.scale, self.time = scale, START

    def real_s(self, simulated_s):
        return simulated_s / self.scale

    def now(self):
        return self.time

    def pace(self):
        return ""


class FakeAws:
    """S3 and ECS: what was put there. `refuses` is raised by whatever it names."""

    def __init__(self):
        self.artifacts, self.registered, self.refuses = {}, [], {}

    def put_artifact(self, bucket, key, content):
        self._may("put_artifact")
        self.artifacts[bucket, key] = content

    def artifact(self, bucket, key):
        self._may("artifact")
        return self.artifacts[bucket, key]

    def register(self, definition):
        self._may("register")
        self.registered.append(definition)
        return f"arn:aws:ecs:us-east-1:111122223333:task-definition/lantern:{len(self.registered)}"

    def _may(self, name):
        if name in self.refuses:
            raise self.refuses[name]


class FakeBuilds:
    """Each build is over at once, unless it is held; what comes out is the artifact of its service."""

    def __init__(self):
        self.begun, self.cleared, self.fails, self.outputs = [], 0, {}, {}
        self._held = {}

    def hold(self, service):
        self._held[service] = threading.Event()

    def let_go(self, service=None):
        for name in [service] if service else list(self._held):
            self._held.pop(name).set()

    def clear(self):
        self.cleared += 1

    def run(self, build_id, source, commit, variables, cache, progress):
        self.begun.append(cache)
        progress("phase BUILD")
        if held := self._held.get(cache):
            assert held.wait(20), f"nobody let the build of {cache} go"
        if cache in self.fails:
            raise BuildFailed("COMMAND_EXECUTION_ERROR", self.fails[cache])
        return Build(zipped(self.outputs.get(cache) or built(cache)), {"SERVICE_VERSION": commit[:7]})


def built(service):
    """A service's deploy artifact: the repository's own files, its image beside them."""
    digest = "a" * 64
    text = files()["taskdef.json"].replace("orders", service)
    image = f"111122223333.dkr.ecr.us-east-1.amazonaws.com/lantern/{service}@sha256:{digest}"
    return files() | {"taskdef.json": text, "imageDetail.json": json.dumps({"ImageURI": image})}


class FakeContainers:
    """Tasks that run and are healthy at once, each with an address of its own."""

    def __init__(self):
        self.tasks, self.started, self.stopped, self.removed = {}, [], [], []
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
            self.tasks[task.id] = Running(task=task, address=address, status="RUNNING", healthy=self.healthy)

    def change(self, task_id, **changes):
        with self._lock:
            self.tasks[task_id] = replace(self.tasks[task_id], **changes)

    def stop(self, task_id):
        self.stopped.append(task_id)
        self.tasks.pop(task_id, None)

    def remove(self, task_id):
        self.removed.append(task_id)
        self.tasks.pop(task_id, None)


class FakeBalancer:
    """Target groups whose targets are healthy at once; a restart forgets everything."""

    def __init__(self, architecture):
        self._names = [group.name for group in architecture.target_groups()]
        self.incarnation, self.requests, self.log = 1, {}, []
        self.begin()

    def begin(self):
        self.slots, self.weights = {name: {} for name in self._names}, {}

    def restart(self):
        self.incarnation += 1
        self.begin()

    def started(self):
        return str(self.incarnation)

    def forget(self):
        self.log.append(("forget",))

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

    def weigh(self, listener, weights):
        wanted = {name: weight for name, weight in weights.items() if weight}
        if self.weights.get(listener) != wanted:
            self.log.append(("weigh", listener, wanted))
        self.weights[listener] = wanted


class FakeHooks:
    """Functions that answer at once, unless they keep quiet."""

    def __init__(self, log):
        self.answer, self.quiet, self.log, self.why = "Succeeded", False, log, {}
        self.deployments = None

    def ask(self, hook_id, function, deployment_id):
        self.log.append(("ask", hook_id))
        if not self.quiet:
            self.deployments.answer(deployment_id, hook_id, self.answer)

    def broken(self):
        return self.why


class Machine:
    """One runner; `restarted` is the next one on the same journal, containers and load balancer."""

    def __init__(self, architecture, repository, path, before=None):
        self.architecture, self.repository, self._path = architecture, repository, path
        self.clock = before.clock if before else HandClock()
        self.journal = Journal(path / "journal.sqlite")
        self.aws = before.aws if before else FakeAws()
        self.containers = before.containers if before else FakeContainers()
        self.balancer = before.balancer if before else FakeBalancer(architecture)
        self.builds = FakeBuilds()
        self.hooks = FakeHooks(self.balancer.log)
        self.metrics = Metrics(self.clock)
        self.fleet = Fleet(architecture, self.journal, self.containers, self.balancer)
        self.deployments = Deployments(
            architecture,
            self.journal,
            self.fleet,
            self.hooks,
            self.metrics,
            self.balancer,
            PLACE,
            self.clock,
        )
        self.hooks.deployments = self.deployments
        self.executions = Executions(
            architecture,
            self.journal,
            repository,
            self.builds,
            self.deployments,
            self.aws,
            PLACE,
            self.clock,
        )

    def look(self, seconds=LOOK_S):
        """One look of the runner's thread, a moment later."""
        self.clock.time += seconds
        self.fleet.look()
        self.deployments.look()
        self.executions.look()

    def until(self, condition, what=""):
        """Look until it is so; work in other threads takes real time, what AWS waits for takes none."""

        def looked():
            self.look(5)
            return condition()

        return wait_until(looked, 20, what)

    def start(self, commit=""):
        return self.executions.start(commit).id

    def one(self, key):
        return self.executions.one(key)

    def action(self, key, name, stage=None):
        """An action by its name, of a stage when several have it."""
        return next(
            action
            for there in self.one(key).stages
            if stage in (None, there.name)
            for action in there.actions
            if action.name == name
        )

    def until_begun(self, key, name, stage=None):
        self.until(lambda: self.action(key, name, stage).status != "Pending", f"{stage} {name} begins")

    def approve(self, key, status="Approved", token=None):
        """Answer the approval that an execution waits for."""
        self.until_begun(key, "Agree")
        waiting = token or self.action(key, "Agree").token
        return self.executions.approve("Approval", "Agree", waiting, status, "said the shopkeeper")

    def until_ended(self, key):
        """Look until an execution is over; returns it."""
        self.until(lambda: self.one(key).ended, f"{key} ends")
        return self.one(key)

    def told(self, key=None):
        """What was announced of an execution: its level, what it is about, the state."""
        found = []
        for _, event in self.journal.events():
            detail = event["detail"]
            if event["source"] == "aws.codepipeline" and key in (None, detail["execution-id"]):
                name = " ".join(dict.fromkeys(detail[part] for part in ("stage", "action") if part in detail))
                found.append((event["detail-type"].split()[1], name, detail["state"]))
        return found

    def announced(self, source):
        return [event for _, event in self.journal.events() if event["source"] == source]

    def restarted(self):
        """kill -9 and another runner."""
        again = Machine(self.architecture, self.repository, self._path, self)
        again.executions.resume()
        again.deployments.resume()
        return again

    def close(self):
        self.builds.let_go()
        self.executions.close()
        self.executions._pool.shutdown(wait=True)
        self.fleet.close()
        self.journal.close()
