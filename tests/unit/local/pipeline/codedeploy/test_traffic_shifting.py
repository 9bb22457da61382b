from dataclasses import replace

import pytest

from local.pipeline.codedeploy.traffic_shifting import UnknownDeploymentConfig, traffic_shift
from tests.unit.local.pipeline.stepped_runner import SteppedRunner


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("CodeDeployDefault.ECSAllAtOnce", [(100, 0)]),
        ("CodeDeployDefault.ECSCanary10Percent15Minutes", [(10, 15), (100, 0)]),
        (
            "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
            [*((share, 3) for share in range(10, 100, 10)), (100, 0)],
        ),
    ],
)
def test_a_deployment_configuration_is_known_by_its_name(name, steps):
    assert traffic_shift(name).steps() == steps


@pytest.mark.parametrize(
    "name",
    [
        "CodeDeployDefault.ECSCanary10Percent7Minutes",
        "CodeDeployDefault.ECSLinear10Percent1Minutes",
        "CodeDeployDefault.LambdaCanary10Percent5Minutes",
        "lantern-slowly",
        "",
    ],
)
def test_a_deployment_configuration_that_is_not_predefined_is_refused(name):
    with pytest.raises(
        UnknownDeploymentConfig, match=f"DeploymentConfigName '{name}': expected one that CodeDeploy"
    ):
        traffic_shift(name)


def test_a_runner_refuses_to_start_with_a_traffic_shift_that_it_does_not_know(
    architecture, repository, tmp_path
):
    group = replace(architecture.groups["orders"], config="lantern-slowly")
    unknown = replace(architecture, groups=architecture.groups | {"orders": group})

    with pytest.raises(UnknownDeploymentConfig, match="lantern-slowly"):
        SteppedRunner(unknown, repository, tmp_path)
