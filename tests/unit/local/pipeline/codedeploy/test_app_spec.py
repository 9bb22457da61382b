import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local.pipeline.codedeploy.app_spec import AppSpecError, read

ROOT = Path(__file__).parents[5]
GOOD = """\
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: <TASK_DEFINITION>
        LoadBalancerInfo:
          ContainerName: "app"
          ContainerPort: 8080
        PlatformVersion: "LATEST"
Hooks:
  - BeforeInstall: "CodeDeployHook_lantern-first"
  - AfterAllowTestTraffic: "CodeDeployHook_lantern-smoke"
"""


def test_the_repositorys_own_file_is_read():
    spec = read((ROOT / "appspec.yaml").read_text())

    assert (spec.task_definition, spec.container, spec.port) == ("<TASK_DEFINITION>", "app", 8080)
    assert spec.hooks == {"AfterAllowTestTraffic": "CodeDeployHook_lantern-smoke"}


def test_every_hook_is_read():
    assert read(GOOD).hooks == {
        "BeforeInstall": "CodeDeployHook_lantern-first",
        "AfterAllowTestTraffic": "CodeDeployHook_lantern-smoke",
    }


def test_a_spec_may_be_json_and_have_no_hooks():
    properties = {
        "TaskDefinition": "arn",
        "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 8080},
    }
    service = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}

    assert read(json.dumps({"version": 0.0, "Resources": [service]})).hooks == {}


MISTAKES = {  # what is wrong: (text, what stands there instead, what is message)
    "another version": ("version: 0.0", "version: 0.2", "line 1: version must be 0.0, found '0.2'"),
    "no version": ("version: 0.0\n", "", "line 1: version must be 0.0, found None"),
    "an unknown part": (
        "Hooks:",
        "hooks:",
        "line 11: unknown property hooks, expected Hooks, Resources, version",
    ),
    "the files of a server's spec": ("Hooks:", "files: []\nHooks:", "line 11: unknown property files"),
    "no resources": (
        GOOD[GOOD.index("  - Target") : GOOD.index("Hooks")],
        "",
        "line 2: Resources must hold one",
    ),
    "resources as a map": ("  - TargetService:", "    TargetService:", "line 2: Resources must hold one"),
    "a resource that is text": (
        GOOD[GOOD.index("  - Target") : GOOD.index("Hooks")],
        "  - a\n",
        "line 2: Resources",
    ),
    "two in one": (
        "  - TargetService:",
        "  - Other: {}\n    TargetService:",
        "line 2: Resources must hold one",
    ),
    "a Lambda's type": (
        "AWS::ECS::Service",
        "AWS::Lambda::Function",
        "line 4: TargetService: Type must be AWS::ECS::Service",
    ),
    "no type": (
        "      Type: AWS::ECS::Service\n",
        "",
        "line 3: TargetService: Type must be AWS::ECS::Service",
    ),
    "no task definition": (
        "        TaskDefinition: <TASK_DEFINITION>\n",
        "",
        "line 5: TaskDefinition is missing",
    ),
    "an empty task definition": (" <TASK_DEFINITION>", "", "line 6: TaskDefinition is missing"),
    "a task definition that is a list": (" <TASK_DEFINITION>", " [a]", "line 6: TaskDefinition is missing"),
    "an unknown property": (
        "PlatformVersion",
        "PlatformVersoin",
        "line 10: unknown property PlatformVersoin",
    ),
    "no balancer": (
        GOOD[GOOD.index("        Load") : GOOD.index("        Plat")],
        "",
        "line 5: LoadBalancerInfo needs",
    ),
    "a balancer that is a list": (
        GOOD[GOOD.index("        Load") : GOOD.index("        Plat")],
        "        LoadBalancerInfo: [app, 8080]\n",
        "line 7: LoadBalancerInfo needs",
    ),
    "a port that is text": ("8080", '"8080"', "line 7: LoadBalancerInfo needs ContainerName and a number"),
    "a port that is true": ("8080", "true", "line 7: LoadBalancerInfo needs"),
    "a port that is a hexadecimal": ("8080", "0x1F90", "line 7: LoadBalancerInfo needs"),
    "a container that is a map": ('"app"', "{a: b}", "line 7: LoadBalancerInfo needs"),
    "hooks as a map": (
        GOOD[GOOD.index("Hooks:") :],
        "Hooks: {BeforeInstall: a}",
        "line 11: Hooks must be a list",
    ),
    "a hook that is text": (
        '  - BeforeInstall: "CodeDeployHook_lantern-first"',
        "  - smoke",
        "'smoke' names no event",
    ),
    "a hook with a typo": (
        "AfterAllowTestTraffic",
        "AfterAllowTestTrafic",
        "line 13: AfterAllowTestTrafic is no hook of an ECS deployment, expected BeforeInstall, AfterInstall",
    ),
    "a hook on an event of CodeDeploy's own": ("BeforeInstall", "Install", "line 12: Install is no hook"),
    "a hook of a server's deployment": ("BeforeInstall", "ApplicationStart", "ApplicationStart is no hook"),
    "two functions of an event": ("AfterAllowTestTraffic", "BeforeInstall", "BeforeInstall is there twice"),
    "a list of functions": (
        '"CodeDeployHook_lantern-first"',
        "[a, b]",
        "line 12: BeforeInstall needs the name",
    ),
    "no function": (' "CodeDeployHook_lantern-first"', "", "line 12: BeforeInstall needs the name"),
    "no YAML": ("Hooks:", "Hooks: [", "the AppSpec file is not valid YAML"),
    "a control character": ("Hooks:", "# \x07\nHooks:", "the AppSpec file is not valid YAML"),
    "nothing": (GOOD, "", "the AppSpec file is empty"),
    "a list": (GOOD, "[]", "the AppSpec file is empty"),
    "an impossible date": ("version: 0.0", "version: 2026-99-99", "version must be 0.0, found '2026-99-99'"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_with_file_and_line(mistake):
    right, wrong, message = MISTAKES[mistake]
    assert right in GOOD

    with pytest.raises(AppSpecError) as error:
        read(GOOD.replace(right, wrong), "deploy/appspec.yaml")

    assert str(error.value).startswith("deploy/appspec.yaml")
    assert message in str(error.value)
    assert error.value.code == "INVALID_REVISION"


@given(st.text(max_size=60))
def test_whatever_text_it_is_it_is_refused_without_a_traceback(text):
    with pytest.raises(AppSpecError):
        read(text)


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Type", "Properties", "LoadBalancerInfo", "BeforeInstall", "Install", "TaskDefinition"]
            ),
            inner,
            max_size=3,
        )
    ),
)


PROPERTIES = {"TaskDefinition": "arn", "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 8080}}
HOOKS = st.lists(st.fixed_dictionaries({"BeforeInstall": st.text(max_size=5)}), max_size=1)


def read_or_refuse(text):
    try:
        return read(text)
    except AppSpecError as refusal:
        return refusal


@given(resources=ANYTHING, hooks=ANYTHING | HOOKS, properties=ANYTHING | st.just(PROPERTIES))
@example(resources=None, hooks=[{"BeforeInstall": "hook"}], properties=PROPERTIES)
def test_whatever_the_parts_are_they_are_read_or_refused(resources, hooks, properties):
    service = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}

    for parts in ({"Resources": resources, "Hooks": hooks}, {"Resources": [service], "Hooks": hooks}):
        outcome = read_or_refuse(json.dumps({"version": 0.0} | parts))

        if isinstance(outcome, AppSpecError):
            assert re.match(r"appspec\.yaml, line \d+: ", str(outcome))
        else:
            assert (parts["Resources"], properties) == ([service], PROPERTIES)
            assert (outcome.task_definition, outcome.container, outcome.port) == ("arn", "app", 8080)
