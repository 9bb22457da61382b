"""A DynamoDB table as far as the store uses it: two conditions, short pages, a throttle for tests to set."""

from botocore.exceptions import ClientError


class Table:
    def __init__(self):
        self.items, self.throttled = {}, set()

    def put_item(self, Item, ConditionExpression, ExpressionAttributeValues=None):
        key = (Item["kind"], Item["id"])
        if Item["id"] in self.throttled:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "PutItem")
        existing = self.items.get(key)
        is_newer = existing and existing.get("made_at", 0) <= (ExpressionAttributeValues or {}).get(
            ":made_at", -1
        )
        assert ConditionExpression in (
            "attribute_not_exists(id)",
            "attribute_not_exists(id) OR made_at <= :made_at",
        )
        if existing and not is_newer:
            code = "ConditionalCheckFailedException"
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "PutItem")
        self.items[key] = Item

    def query(self, ExpressionAttributeValues, ExclusiveStartKey=None, **request):
        assert request["ConsistentRead"]
        kind = ExpressionAttributeValues[":kind"]
        keys = sorted(key for key in self.items if key[0] == kind)
        start = keys.index(ExclusiveStartKey) + 1 if ExclusiveStartKey else 0
        page = keys[start : start + 2]
        continuation = {"LastEvaluatedKey": page[-1]} if keys[start + 2 :] else {}
        return {"Items": [self.items[key] for key in page], **continuation}

    def get_item(self, Key):
        item = self.items.get((Key["kind"], Key["id"]))
        return {"Item": item} if item else {}

    def ids(self, kind):
        return {key for item_kind, key in self.items if item_kind == kind}
