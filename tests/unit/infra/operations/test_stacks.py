"""What `deploy` asks of CloudFormation, and in which states of a stack it asks nothing."""

import datetime
import json

import pytest

from infra.operations import deploy
from infra.operations.errors import AccountError
from infra.operations.stacks import Change, Stacks
from tests.unit.infra.operations.stubs import StubbedAccount

NAME = "lantern-network"
SERVICE = Change(action="Add", resource="Service", type="AWS::ECS::Service", replacement="")
CREATED = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture(name="account")
def _account():
    return StubbedAccount()


@pytest.fixture(name="template")
def _template(tmp_path):
    path = tmp_path / "template.json"
    path.write_text(json.dumps({"Parameters": {"Egress": {}, "Zones": {}}}))
    return path


def stack_is(account, status, *parameters, name=NAME):
    stack = {
        "StackName": name,
        "StackStatus": status,
        "CreationTime": CREATED,
        "Parameters": [{"ParameterKey": key, "ParameterValue": "old"} for key in parameters],
    }
    account.expect("cloudformation", "describe_stacks", {"Stacks": [stack]}, {"StackName": name})


def expect_change_set(account, template, change_set, changes=(), **request):
    where = {"StackName": NAME, "ChangeSetName": change_set}
    account.expect(
        "cloudformation",
        "create_change_set",
        {"Id": "change-set", "StackId": "stack"},
        {
            **where,
            "TemplateBody": template.read_text(),
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Tags": [{"Key": "project", "Value": "lantern"}],
            **request,
        },
    )
    account.expect(
        "cloudformation",
        "describe_change_set",
        {
            "Status": "CREATE_COMPLETE",
            "Changes": [{"Type": "Resource", "ResourceChange": change} for change in changes],
        },
        where,
    )


def test_only_parameters_that_the_stack_has_keep_their_previous_value(account, template):
    """CloudFormation refuses UsePreviousValue for a parameter that the template has got since."""
    stacks = Stacks(account)
    stack_is(account, "UPDATE_COMPLETE", "Egress")
    expect_change_set(
        account,
        template,
        stacks._change_set,
        ChangeSetType="UPDATE",
        Parameters=[{"ParameterKey": "Egress", "UsePreviousValue": True}],
    )

    assert stacks.plan(NAME, template, ["Egress", "Zones"], {}) == []
    account.check_all_were_called()


def test_a_new_stack_takes_over_what_outlived_an_earlier_one(account, template):
    stacks = Stacks(account)
    account.refuse("cloudformation", "describe_stacks", "ValidationError", f"{NAME} does not exist")
    expect_change_set(
        account,
        template,
        stacks._change_set,
        [{"Action": "Import", "LogicalResourceId": "Table", "ResourceType": "AWS::DynamoDB::Table"}],
        ChangeSetType="CREATE",
        Parameters=[{"ParameterKey": "Zones", "ParameterValue": "2"}],
        ImportExistingResources=True,
    )

    changes = stacks.plan(NAME, template, ["Egress", "Zones"], {"Zones": "2"}, import_existing=True)

    account.check_all_were_called()
    assert changes == [Change(action="Import", resource="Table", type="AWS::DynamoDB::Table", replacement="")]


def test_an_update_that_could_not_be_undone_is_continued_and_not_deleted(account, template):
    stack_is(account, "UPDATE_ROLLBACK_FAILED")
    account.expect(
        "cloudformation",
        "describe_stack_resources",
        {
            "StackResources": [
                {
                    "LogicalResourceId": name,
                    "ResourceType": "AWS::ECS::Service",
                    "ResourceStatus": status,
                    "Timestamp": CREATED,
                }
                for name, status in (("Service", "UPDATE_FAILED"), ("Listener", "UPDATE_COMPLETE"))
            ]
        },
    )

    with pytest.raises(AccountError) as error:
        Stacks(account).plan(NAME, template, [], {})

    assert "continue-update-rollback --stack-name lantern-network --resources-to-skip Service', then" in str(
        error.value
    )
    assert "delete-stack" not in str(error.value)


def test_a_creation_that_failed_can_only_be_deleted(account, template):
    stack_is(account, "ROLLBACK_COMPLETE")

    with pytest.raises(AccountError, match=r"can only be deleted.*delete-stack --stack-name lantern-network"):
        Stacks(account).plan(NAME, template, [], {})


def test_tasks_that_never_become_healthy_end_the_command_with_what_ecs_says(account, template, monkeypatch):
    """CloudFormation waits for three hours, and says nothing meanwhile."""
    stacks = Stacks(account, poll_s=0)
    monkeypatch.setattr(deploy, "HEALTHY_S", -1)
    monkeypatch.setattr(stacks, "exists", lambda _: False)
    monkeypatch.setattr(stacks, "plan", lambda *_, **__: [SERVICE])
    account.expect("cloudformation", "describe_stack_events", {"StackEvents": []})
    account.expect("cloudformation", "execute_change_set", {})
    stack_is(account, "CREATE_IN_PROGRESS", name="lantern-catalog")
    account.expect("cloudformation", "describe_stack_events", {"StackEvents": []})
    events = [{"message": "(service catalog) (task 1) failed container health checks."}]
    account.expect("ecs", "describe_services", {"services": [{"events": events}]})
    (template.parent / "lantern-catalog.json").write_text("{}")

    with pytest.raises(AccountError) as error:
        deploy._stack(account, stacks, "catalog", {}, print, template.parent)

    account.check_all_were_called()
    assert "lantern-catalog is still in CREATE_IN_PROGRESS" in str(error.value)
    assert "failed container health checks" in str(error.value)
    assert "delete-stack --stack-name lantern-catalog" in str(error.value)
