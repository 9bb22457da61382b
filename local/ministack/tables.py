"""Lantern's DynamoDB tables, created from the CloudFormation template that AWS gets."""

import json
from pathlib import Path
from typing import Any

from local.ministack.engine import App, call_dynamodb

TEMPLATE = Path(__file__).parents[2] / "infra" / "cloudformation" / "lantern-data.json"
TABLE = "AWS::DynamoDB::Table"
# CreateTable takes these as CloudFormation writes them; the others have an operation each
CREATE = {"TableName", "BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "Tags"}
AFTERWARDS = {
    "TimeToLiveSpecification": "UpdateTimeToLive",
    "PointInTimeRecoverySpecification": "UpdateContinuousBackups",
}

Table = dict[str, Any]


class TableError(Exception):
    """A table of the template cannot be created."""


def read(template: Path = TEMPLATE) -> list[Table]:
    """Return the properties of each table in `template`. Raises TableError for an unknown property."""
    tables: list[Table] = []
    for name, resource in json.loads(template.read_text())["Resources"].items():
        if resource["Type"] != TABLE:
            continue
        table = resource["Properties"]
        if unknown := sorted(set(table) - CREATE - set(AFTERWARDS)):
            raise TableError(f"{template}: {name}: don't know how to apply {', '.join(unknown)}")
        tables.append(table)
    return tables


async def missing(app: App, tables: list[Table]) -> list[str]:
    """Return the names of those tables that do not exist."""
    status, answer = await call_dynamodb(app, "ListTables", {})
    existing = answer.get("TableNames", []) if status == 200 else []
    return [table["TableName"] for table in tables if table["TableName"] not in existing]


async def create_missing(app: App, tables: list[Table]) -> list[str]:
    """Create those tables that do not exist and return their names. Raises TableError."""
    names = await missing(app, tables)
    for table in (table for table in tables if table["TableName"] in names):
        await _apply(app, "CreateTable", {key: table[key] for key in CREATE if key in table})
        for key, operation in AFTERWARDS.items():
            if key in table:
                await _apply(app, operation, {"TableName": table["TableName"], key: table[key]})
    return names


async def _apply(app: App, operation: str, request: dict[str, Any]) -> None:
    status, answer = await call_dynamodb(app, operation, request)
    if status != 200:
        raise TableError(f"{operation} {request['TableName']}: {answer.get('message') or answer}")
