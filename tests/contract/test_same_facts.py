"""Facts that stand twice, because import contracts part what ships, what stays local and the console."""

import json

import pytest

from console.pipeline.executions import DEPLOYMENT_ID
from infra.checks.task_definition import FARGATE_MEMORY
from infra.template import FOLDER, PSEUDO
from local.awsapi.account import ACCOUNT, REGION
from local.pipeline.codedeploy.traffic_shifting import PREDEFINED
from local.pipeline.ecs.fargate_rules import MEMORY_MIB
from local.pipeline.identifiers import deployment_id


def test_the_laptops_account_and_region_are_those_that_the_templates_are_read_with():
    assert (PSEUDO["AWS::AccountId"], PSEUDO["AWS::Region"]) == (ACCOUNT, REGION)


def test_the_checks_know_fargates_sizes_as_the_pipeline_does():
    ends = {cpu: (min(sizes), max(sizes)) for cpu, sizes in MEMORY_MIB.items()}

    assert {int(cpu): low_and_high for cpu, low_and_high in FARGATE_MEMORY.items()}.items() <= ends.items()


@pytest.mark.parametrize("service", ["catalog", "orders", "storefront"])
def test_the_templates_offer_the_deployment_configurations_that_the_pipeline_knows(service):
    template = json.loads((FOLDER / f"lantern-{service}.json").read_text())

    assert set(template["Parameters"]["Canary"]["AllowedValues"]) == set(PREDEFINED)


def test_the_console_links_the_deployment_ids_that_the_pipeline_gives():
    assert all(DEPLOYMENT_ID.fullmatch(deployment_id()) for _ in range(20))
