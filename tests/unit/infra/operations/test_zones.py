"""Regions where Fargate lacks a zone: names of zones mean another one in each account, their ids do not."""

import pytest

from infra.operations import zones
from infra.operations.errors import UsageError
from tests.unit.infra.operations.stubs import StubbedAccount


def account_in(region, **zone_ids):
    account = StubbedAccount()
    account.region = region
    account.expect(
        "ec2",
        "describe_availability_zones",
        {
            "AvailabilityZones": [
                {"ZoneName": f"{region}{letter}", "ZoneId": zone_id} for letter, zone_id in zone_ids.items()
            ]
        },
    )
    return account


def test_a_zone_without_fargate_among_the_first_two_is_named_before_anything_is_made():
    account = account_in("ap-northeast-1", c="apne1-az1", a="apne1-az4", b="apne1-az3")

    with pytest.raises(UsageError, match=r"no tasks in ap-northeast-1b \(apne1-az3\)"):
        zones.check(account)


def test_a_zone_without_fargate_that_the_network_does_not_take_harms_nobody():
    account = account_in("ap-northeast-1", a="apne1-az4", b="apne1-az1", c="apne1-az3")

    zones.check(account)

    account.check_all_were_called()


def test_in_other_regions_nothing_is_asked():
    zones.check(StubbedAccount())
