"""Availability zones in which Fargate runs no tasks: the network takes an account's first two."""

from botocore.exceptions import ClientError

from infra.operations.account import Account
from infra.operations.errors import AccountError, UsageError

COUNT = 2
# Zones by their ids, which mean the same in every account, where Fargate is not in all of a region's
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate-Regions.html
FARGATE = {
    "ap-northeast-1": {"apne1-az1", "apne1-az2", "apne1-az4"},
    "us-west-1": {"usw1-az1", "usw1-az3"},
}


def check(account: Account) -> None:
    """Raise UsageError when Fargate lacks one of the zones that the network would get."""
    if account.region not in FARGATE:
        return
    try:
        answer = account.client("ec2").describe_availability_zones()
    except ClientError as error:
        raise AccountError(f"availability zones of {account.region}: {error}") from None
    zones = {zone["ZoneName"]: zone["ZoneId"] for zone in answer["AvailabilityZones"]}
    for name in sorted(zones)[:COUNT]:
        if zones[name] not in FARGATE[account.region]:
            raise UsageError(
                f"Fargate has no tasks in {name} ({zones[name]}), one of the two zones that the network "
                f"takes in this account: choose another region than {account.region}"
            )
