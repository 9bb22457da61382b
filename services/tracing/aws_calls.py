"""What neither library reads of a call to AWS: the table of a transaction, and what is a throttle."""

from typing import Any

THROTTLED = {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"}
_NAME_TABLE_ENTRIES = ("Put", "Update", "Delete", "ConditionCheck", "Get")


def tables_of(parameters: dict[str, Any]) -> set[str]:
    """The DynamoDB tables that a batch or a transaction names."""
    if "RequestItems" in parameters:
        return set(parameters["RequestItems"])
    entries = parameters.get("TransactItems", ())
    return {entry[kind]["TableName"] for entry in entries for kind in _NAME_TABLE_ENTRIES if kind in entry}
