"""The calls of `make deploy`, `make drift` and `make destroy`, as IAM actions of the person who runs them."""

import json
from pathlib import Path

from infra.operations.account import Account

POLICY = Path(__file__).parents[2] / "infra" / "iam" / "person_policy.json"
PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
S3 = {
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket",
    "DeleteObjects": "DeleteObject",
    "ListObjectVersions": "ListBucketVersions",
}


def record_calls(patch):
    """Note the action of every call that the commands make from now on; returns the set that grows."""
    actions, client_of = set(), Account.client

    def note(model, **_):
        prefix = model.service_model.signing_name
        name = S3.get(model.name, model.name) if prefix == "s3" else model.name
        actions.add(f"{PREFIXES.get(prefix, prefix)}:{name}")

    def client(account, service):
        made = client_of(account, service)
        made.meta.events.register("before-call", note, unique_id="recorded actions")
        return made

    patch.setattr(Account, "client", client)
    return actions


def statements():
    return json.loads(POLICY.read_text())["Statement"]


def as_list(value):
    return value if isinstance(value, list) else [value]


def direct_actions():
    """What the person may do by a call of the person's own, not through CloudFormation."""
    return {
        action
        for statement in statements()
        if "aws:CalledVia" not in json.dumps(statement)
        for action in as_list(statement["Action"])
    }
