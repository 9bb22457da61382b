from types import SimpleNamespace

import pytest

from local.pipeline.codedeploy.lifecycle_hooks import LifecycleHooks
from local.pipeline.lambda_runner import InvocationError
from tests.waiting import wait_until


@pytest.fixture(name="invoked")
def _invoked():
    return []


@pytest.fixture(name="hooks")
def _hooks(invoked):
    def invoke(function, event):
        invoked.append(event)
        if function == "absent":
            raise InvocationError("no function")
        return "it raised an exception" if function == "faulty" else ""

    hooks = LifecycleHooks(SimpleNamespace(invoke=invoke))
    yield hooks
    hooks.close()


def test_a_hook_is_invoked_once(hooks, invoked):
    for _ in range(3):
        hooks.invoke("d-1-AfterInstall", "smoke", "d-1")

    wait_until(lambda: invoked)
    assert invoked == [{"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "d-1-AfterInstall"}]
    assert hooks.failures() == {}


def test_only_a_function_that_could_not_be_invoked_is_a_failure(hooks, invoked):
    hooks.invoke("d-1-AfterInstall", "faulty", "d-1")
    hooks.invoke("d-2-AfterInstall", "absent", "d-2")

    failures = wait_until(hooks.failures)

    assert list(failures) == ["d-2-AfterInstall"]
    assert "no function" in failures["d-2-AfterInstall"]
