"""Makes the local AWS hold what `make deploy` makes on AWS, and starts each service's first tasks.

Everything is asked for again at each start and left alone where it is there.
"""

import contextlib
import logging
import os
from pathlib import Path

import docker
import docker.errors

from local.pipeline import architecture as templates
from local.pipeline.architecture import Architecture
from local.pipeline.clock import Clock
from local.pipeline.codedeploy.deployments import Deployments, Service
from local.pipeline.ecs.fargate_rules import TASK_KEYS
from local.pipeline.ecs.service_scheduler import Fleet, TaskSet
from local.pipeline.ecs.task_containers import camel
from local.pipeline.ecs.task_containers import image as image_here
from local.pipeline.identifiers import task_set_id
from local.pipeline.local_aws import Aws
from local.pipeline.settings import Settings

log = logging.getLogger(__name__)

XRAY_DAEMON = Path(__file__).parent / "ecs" / "xray_daemon"
CREDENTIALS = {"username": "AWS", "password": "laptop"}
REVISION = "org.opencontainers.image.revision"


class ProvisionError(Exception):
    """Something that a rehearsal stands on can't be had; says what to do."""


class Provision:
    """`run` may be called until it succeeds."""

    def __init__(
        self, architecture: Architecture, settings: Settings, aws: Aws, fleet: Fleet, deployments: Deployments
    ) -> None:
        self._architecture, self._settings, self._aws = architecture, settings, aws
        self._fleet, self._deployments = fleet, deployments
        self._engine = docker.from_env(timeout=120)

    def run(self) -> None:
        """Raises ProvisionError, botocore's and Docker's errors."""
        one = self._architecture
        self._aws.make("s3", "create_bucket", Bucket=one.bucket)
        for name, repository in one.repositories.items():
            self._aws.make(
                "ecr",
                "create_repository",
                repositoryName=name,
                imageTagMutability=repository.get("ImageTagMutability", "MUTABLE"),
            )
        for name in one.log_groups:
            self._aws.make("logs", "create_log_group", logGroupName=name)
        for function in one.functions.values():
            endpoints = {
                "AWS_ENDPOINT_URL_CODEDEPLOY": self._settings.own_url,
                "AWS_ENDPOINT_URL_EC2": self._settings.own_url,
            }
            self._aws.put_function(function, endpoints)
        self._push_daemon()
        for group in one.groups.values():
            if self._needs_tasks(group):
                self._first_task_set(group)

    def _needs_tasks(self, group: templates.DeploymentGroup) -> bool:
        """At the first start, and where the images of the tasks that should serve are nowhere any more."""
        primary = self._deployments.service(group.name).primary
        if not primary:
            return True
        task_set = self._fleet.task_set(primary)
        lost = [name for name in _images(task_set) if not self._is_somewhere(name)]
        if (task_set and not lost) or self._deployments.active(group.name):
            return False
        why = f"{', '.join(lost)} is neither in the registry nor on this machine" if lost else "it is lost"
        log.warning(
            "%s: task set %s can not serve, %s; begins anew with the image that compose built",
            group.name,
            primary,
            why,
        )
        if task_set:
            task_set.desired, task_set.status = 0, "DRAINING"
            self._fleet.keep(task_set)
        return True

    def _is_somewhere(self, name: str) -> bool:
        """On the engine, or in the registry. Raises Docker's and botocore's errors."""
        here = image_here(name, self._settings.registry)
        with contextlib.suppress(docker.errors.ImageNotFound):
            self._engine.images.get(here)
            return True
        if here == name:  # not of this registry: it is pulled from elsewhere
            return True
        repository, separator, reference = here.partition("/")[2].partition("@")
        if not separator:
            repository, _, reference = repository.rpartition(":")
        return self._aws.has_image(repository, reference)

    def _push_daemon(self) -> None:
        """An image under the daemon's name and tag: a stand-in that takes the same arguments."""
        repository = next(name for name in self._architecture.repositories if name.endswith("xray-daemon"))
        tag = self._daemon_tag()
        if self._aws.has_image(repository, tag):
            return
        arguments = {"BASE_IMAGE": os.environ["BASE_IMAGE"]} if os.environ.get("BASE_IMAGE") else {}
        name = f"{self._settings.registry}/{repository}:{tag}"
        image, _ = self._engine.images.build(path=str(XRAY_DAEMON), tag=name, buildargs=arguments, rm=True)
        self._push(image, repository, tag)

    def _daemon_tag(self) -> str:
        for group in self._architecture.groups.values():
            for container in group.first_task_definition["ContainerDefinitions"]:
                if "xray-daemon:" in container["Image"]:
                    return str(container["Image"].rpartition(":")[2])
        raise ProvisionError("no task definition of the templates has an X-Ray daemon")

    def _first_task_set(self, group: templates.DeploymentGroup) -> None:
        """The service's first tasks: the image that compose built, under the template's definition."""
        try:
            image = self._engine.images.get(f"lantern-{group.name}")
        except docker.errors.ImageNotFound:
            raise ProvisionError(f"there is no image lantern-{group.name}: 'make up' builds it") from None
        tag = image.labels.get(REVISION) or "first"
        repository = next(name for name in self._architecture.repositories if name.endswith(f"/{group.name}"))
        if not self._aws.has_image(repository, tag):
            self._push(image, repository, tag)
        chosen = templates.read({"ImageTag": tag}).groups[group.name]
        definition = camel(chosen.first_task_definition)
        registered = self._aws.register({key: definition[key] for key in TASK_KEYS if key in definition})
        key = task_set_id()
        self._fleet.keep(
            TaskSet(
                id=key,
                service=group.name,
                target_group=group.production.target_group,
                task_definition=registered,
                definition=definition,
                desired=group.desired,
                created=Clock().now(),
                status="PRIMARY",
                version=tag,
            )
        )
        targets = {group.production.target_group: 100}
        self._deployments.keep_service(Service(group.name, key, targets, group.test.target_group))

    def _push(self, image: object, repository: str, tag: str) -> None:
        target = f"{self._settings.registry}/{repository}"
        image.tag(target, tag)  # type: ignore[attr-defined]
        for line in self._engine.images.push(target, tag, auth_config=CREDENTIALS, stream=True, decode=True):
            if "error" in line:
                raise ProvisionError(f"push {target}:{tag}: {line['error']}")


def _images(task_set: TaskSet | None) -> list[str]:
    return [one["image"] for one in task_set.definition["containerDefinitions"]] if task_set else []
