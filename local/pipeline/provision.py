"""Creates in the local AWS what `make deploy` creates on AWS, and starts each service's first tasks.

Every resource is asked for again at each start, and left alone where it exists.
"""

import contextlib
import logging
import os
from pathlib import Path
from typing import Any

import docker
import docker.errors

from local.pipeline.architecture import Architecture, DeploymentGroup, read
from local.pipeline.codedeploy.deployments import Deployments
from local.pipeline.codedeploy.service_traffic import ServiceTraffic, TrafficDirector
from local.pipeline.ecs.fargate_rules import TASK_KEYS
from local.pipeline.ecs.service_scheduler import ServiceScheduler, TaskSet
from local.pipeline.ecs.task_containers import camel_case, local_image
from local.pipeline.ecs.task_runner import REGISTRY_LOGIN
from local.pipeline.iam.roles import read_policies
from local.pipeline.iam.sessions import Sessions
from local.pipeline.identifiers import task_set_id
from local.pipeline.local_aws import LocalAws
from local.pipeline.settings import Settings

log = logging.getLogger(__name__)

XRAY_DAEMON = Path(__file__).parent / "ecs" / "xray_daemon"
REVISION_LABEL = "org.opencontainers.image.revision"


class ProvisionError(Exception):
    """Something that a rehearsal needs is missing; the message says what to do."""


class Provisioner:
    """`run` may be called again until it succeeds."""

    def __init__(
        self,
        *,
        architecture: Architecture,
        settings: Settings,
        aws: LocalAws,
        scheduler: ServiceScheduler,
        deployments: Deployments,
        traffic: TrafficDirector,
        sessions: Sessions,
    ) -> None:
        self._architecture, self._settings, self._aws = architecture, settings, aws
        self._scheduler, self._deployments, self._traffic = scheduler, deployments, traffic
        self._sessions = sessions
        self._engine = docker.from_env(timeout=120)

    def run(self) -> None:
        """Create what is missing. Raises ProvisionError, botocore's and Docker's errors."""
        architecture = self._architecture
        self._aws.create("s3", "create_bucket", Bucket=architecture.bucket)
        for name, repository in architecture.repositories.items():
            self._aws.create(
                "ecr",
                "create_repository",
                repositoryName=name,
                imageTagMutability=repository.get("ImageTagMutability", "MUTABLE"),
            )
        for name in architecture.log_groups:
            self._aws.create("logs", "create_log_group", logGroupName=name)
        self._sessions.provide(read_policies())
        self._push_xray_daemon()
        for group in architecture.groups.values():
            if self._needs_tasks(group):
                self._create_first_task_set(group)

    def _needs_tasks(self, group: DeploymentGroup) -> bool:
        """Whether this is the first start, or the images of the primary task set no longer exist."""
        primary = self._traffic.get(group.name).primary
        if not primary:
            return True
        task_set = self._scheduler.task_set(primary)
        lost = [name for name in _images(task_set) if not self._image_exists(name)]
        if (task_set and not lost) or self._deployments.active(group.name):
            return False
        reason = f"{', '.join(lost)} is neither in the registry nor on this machine" if lost else "it is lost"
        log.warning(
            "%s: task set %s can not serve, %s; begins anew with the image that compose built",
            group.name,
            primary,
            reason,
        )
        if task_set:
            task_set.desired, task_set.status = 0, "DRAINING"
            self._scheduler.put(task_set)
        return True

    def _image_exists(self, name: str) -> bool:
        """Whether the image is on the engine or in the registry. Raises Docker's and botocore's errors."""
        local_name = local_image(name, self._settings.registry)
        with contextlib.suppress(docker.errors.ImageNotFound):
            self._engine.images.get(local_name)
            return True
        if local_name == name:  # of another registry: it is pulled from there
            return True
        repository, separator, reference = local_name.partition("/")[2].partition("@")
        if not separator:
            repository, _, reference = repository.rpartition(":")
        return self._aws.has_image(repository, reference)

    def _push_xray_daemon(self) -> None:
        """Build and push the stand-in for the X-Ray daemon, under the name of the daemon's own image."""
        repository = next(name for name in self._architecture.repositories if name.endswith("xray-daemon"))
        tag = self._xray_daemon_tag()
        if self._aws.has_image(repository, tag):
            return
        arguments = {"BASE_IMAGE": os.environ["BASE_IMAGE"]} if os.environ.get("BASE_IMAGE") else {}
        name = f"{self._settings.registry}/{repository}:{tag}"
        image, _ = self._engine.images.build(path=str(XRAY_DAEMON), tag=name, buildargs=arguments, rm=True)
        self._push(image, repository, tag)

    def _xray_daemon_tag(self) -> str:
        for group in self._architecture.groups.values():
            for container in group.first_task_definition["ContainerDefinitions"]:
                if "xray-daemon:" in container["Image"]:
                    return str(container["Image"].rpartition(":")[2])
        raise ProvisionError("no task definition of the templates has an X-Ray daemon")

    def _create_first_task_set(self, group: DeploymentGroup) -> None:
        """Serve the image that compose built, with the templates' own task definition."""
        try:
            image = self._engine.images.get(built := f"{self._settings.project}-{group.name}")
        except docker.errors.ImageNotFound:
            raise ProvisionError(f"there is no image {built}: 'make up' builds it") from None
        tag = image.labels.get(REVISION_LABEL) or "first"
        repository = next(name for name in self._architecture.repositories if name.endswith(f"/{group.name}"))
        if not self._aws.has_image(repository, tag):
            self._push(image, repository, tag)
        definition = camel_case(read({"ImageTag": tag}).groups[group.name].first_task_definition)
        task_definition = self._aws.register_task_definition(
            {key: definition[key] for key in TASK_KEYS if key in definition}
        )
        task_set = TaskSet(
            id=task_set_id(),
            service=group.name,
            target_group=group.production.target_group,
            task_definition=task_definition,
            definition=definition,
            desired=group.desired,
            status="PRIMARY",
            version=tag,
        )
        self._scheduler.put(task_set)
        production = {group.production.target_group: 100}
        self._traffic.put(ServiceTraffic(group.name, task_set.id, production, group.test.target_group))

    def _push(self, image: Any, repository: str, tag: str) -> None:
        target = f"{self._settings.registry}/{repository}"
        image.tag(target, tag)
        for line in self._engine.images.push(
            target, tag, auth_config=REGISTRY_LOGIN, stream=True, decode=True
        ):
            if "error" in line:
                raise ProvisionError(f"push {target}:{tag}: {line['error']}")


def _images(task_set: TaskSet | None) -> list[str]:
    if not task_set:
        return []
    return [container["image"] for container in task_set.definition["containerDefinitions"]]
