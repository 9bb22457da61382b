"""The policy of the person who deploys; tests/infra/test_deployed.py has the calls that are made with it."""

import json

from infra.template import load
from tests.infra.person import as_list, statements

# Types whose API has another IAM prefix than their name in lower case
PREFIXES = {
    "ApplicationAutoScaling": "application-autoscaling",
    "ElasticLoadBalancingV2": "elasticloadbalancing",
}
LONGEST = 6144  # characters of a managed policy, without white space


def of_cloudformation():
    return {
        action.partition(":")[0]
        for statement in statements()
        if "aws:CalledVia" in json.dumps(statement)
        for action in statement["Action"]
    }


def test_cloudformation_may_make_each_type_of_the_templates_and_nothing_more():
    types = {resource.type.split("::")[1] for stack in load() for resource in stack.resources()}

    assert of_cloudformation() == {PREFIXES.get(name, name.lower()) for name in types}


def test_it_fits_a_managed_policy_and_its_roles_are_lanterns():
    text = json.dumps({"Version": "2012-10-17", "Statement": statements()}, separators=(",", ":"))

    assert len(text) < LONGEST
    for statement in statements():
        if any(action.startswith("iam:") for action in as_list(statement["Action"])):
            for arn in as_list(statement["Resource"]):
                assert ":role/lantern-" in arn or ":role/aws-service-role/" in arn, statement
