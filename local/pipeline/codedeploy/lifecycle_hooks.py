"""Invokes the Lambda functions of lifecycle hooks, which report their results over CodeDeploy's API."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor

from local.pipeline.lambda_runner import InvocationError, LambdaRunner

log = logging.getLogger(__name__)


class LifecycleHooks:
    """Invokes each hook once in the life of this process; a runner that is started again invokes it again."""

    def __init__(self, functions: LambdaRunner) -> None:
        self._functions = functions
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="hooks")
        self._invocations: dict[str, Future[str]] = {}  # by hook execution id

    def invoke(self, hook_id: str, function: str, deployment_id: str) -> None:
        """Begin to invoke the function for this hook execution, unless that has been done."""
        if hook_id not in self._invocations:
            event = {"DeploymentId": deployment_id, "LifecycleEventHookExecutionId": hook_id}
            self._invocations[hook_id] = self._pool.submit(self._invoke, function, event)

    def failures(self) -> dict[str, str]:
        """Return the error of each hook execution whose function could not be invoked, by its id.

        A function that raises an exception is not among them: it reports nothing, and the hook times out.
        """
        return {
            hook_id: invocation.result()
            for hook_id, invocation in self._invocations.items()
            if invocation.done() and not invocation.exception() and invocation.result()
        }

    def close(self) -> None:
        """Begin no more invocations; those that run are not interrupted."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _invoke(self, function: str, event: dict[str, str]) -> str:
        """Why the function could not be invoked, or an empty text."""
        try:
            problem = self._functions.invoke(function, event)
        except InvocationError as error:
            log.warning("%s for %s: %s", function, event["DeploymentId"], error)
            return str(error)
        if problem:
            log.warning("%s for %s ended with: %s", function, event["DeploymentId"], problem)
        return ""
