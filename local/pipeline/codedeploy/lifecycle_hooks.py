"""Invokes the lifecycle hooks' functions; their answer comes back over the API, as on AWS."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor

import botocore.exceptions

from local.pipeline.local_aws import Aws

log = logging.getLogger(__name__)


class Hooks:
    """Each hook is invoked once by this process; what a runner before it began is begun again."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="hooks")
        self._asked: dict[str, Future[str]] = {}

    def ask(self, hook_id: str, function: str, deployment_id: str) -> None:
        """Invoke the function, unless that is done."""
        if hook_id not in self._asked:
            event = {"DeploymentId": deployment_id, "LifecycleEventHookExecutionId": hook_id}
            self._asked[hook_id] = self._pool.submit(self._invoke, function, event)

    def broken(self) -> dict[str, str]:
        """Hooks that could not be invoked, and why; one that fails inside says nothing and times out."""
        return {
            hook_id: work.result()
            for hook_id, work in self._asked.items()
            if work.done() and not work.exception() and work.result()
        }

    def close(self) -> None:
        """Leave what runs alone."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _invoke(self, function: str, event: dict[str, str]) -> str:
        """Why it could not be invoked, or nothing."""
        try:
            problem = self._aws.invoke(function, event)
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            log.warning("%s for %s: %s", function, event["DeploymentId"], error)
            return str(error)
        if problem:
            log.warning("%s for %s ended with: %s", function, event["DeploymentId"], problem)
        return ""
