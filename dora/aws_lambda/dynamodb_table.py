"""The DynamoDB table: EventBridge's envelopes, the APIs' final answers, the newest report of each window."""

import gzip
import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import boto3
import botocore.exceptions

from dora.times import DAY_S

ENVELOPE, DEPLOYMENT, TRIGGER, COMMIT = "envelope", "deployment", "trigger", "commit"
ROOT_CAUSE, REPORT = "root cause", "report"
KEPT_S = 180 * DAY_S  # twice the longest window: a window's figures depend on what was live before it
LARGEST_BYTES = 380_000  # DynamoDB takes 400 KB an item
DETAILS = (
    "deployments",
    "commits",
    "clock_problems",
    "caught_before_users",
    "outages",
    "incidents_not_caused_by_a_change",
)


class Store:
    """The table's items by kind and id; all but reports expire."""

    def __init__(self, name: str) -> None:
        self._table = boto3.resource("dynamodb").Table(name)

    def add(self, kind: str, key: str, value: Any) -> bool:
        """Store a value unless its id is stored already; returns whether it was new."""
        item = {"kind": kind, "id": key, "body": _text(value), "expires_at": int(time.time() + KEPT_S)}
        return self._put(item, "attribute_not_exists(id)")

    def all(self, kind: str) -> dict[str, Any]:
        """Every value of a kind, by id; reports have a method of their own."""
        values: dict[str, Any] = {}
        request: dict[str, Any] = {
            "KeyConditionExpression": "kind = :kind",
            "ExpressionAttributeValues": {":kind": kind},
            "ConsistentRead": True,
        }
        while True:
            page = self._table.query(**request)
            values |= {item["id"]: json.loads(item["body"]) for item in page["Items"]}
            if "LastEvaluatedKey" not in page:
                return values
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def report(self, window: str) -> dict[str, Any]:
        """The newest report of a window, e.g. "30d"; empty when there is none."""
        item = self._table.get_item(Key={"kind": REPORT, "id": window}).get("Item")
        return json.loads(gzip.decompress(bytes(item["body"]))) if item else {}

    def replace_report(self, window: str, at: float, document: Mapping[str, Any]) -> bool:
        """Store a report unless a newer one is stored; returns whether it was stored."""
        item = {"kind": REPORT, "id": window, "made_at": int(at), "body": _packed(document)}
        return self._put(item, "attribute_not_exists(id) OR made_at <= :made_at", {":made_at": int(at)})

    def _put(self, item: dict[str, Any], condition: str, values: dict[str, Any] | None = None) -> bool:
        arguments = {"ExpressionAttributeValues": values} if values else {}
        try:
            self._table.put_item(Item=item, ConditionExpression=condition, **arguments)
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


class StoredValues(dict[str, Any]):
    """The values of one kind; a new one is stored at once, so that an interrupted computation keeps it."""

    def __init__(self, store: Store, kind: str) -> None:
        super().__init__(store.all(kind))
        self._store, self._kind = store, kind

    def __setitem__(self, key: str, value: Any) -> None:
        self._store.add(self._kind, key, value)
        super().__setitem__(key, value)


def _text(value: Any) -> str:
    return json.dumps(value, default=_instant)


def _instant(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} can't be stored")


def _packed(document: Mapping[str, Any]) -> bytes:
    """A document compressed; if that is too large, without the lists behind the figures (`left_out`)."""
    packed = gzip.compress(json.dumps(document).encode(), mtime=0)
    if len(packed) <= LARGEST_BYTES:
        return packed
    services = {
        name: {key: value for key, value in service.items() if key not in DETAILS}
        for name, service in document["services"].items()
    }
    short = {**document, "services": services, "notes": [], "left_out": [*DETAILS, "notes"]}
    return gzip.compress(json.dumps(short).encode(), mtime=0)
