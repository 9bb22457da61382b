"""Lantern's tables, made from the CloudFormation template that AWS gets."""

import json
from pathlib import Path
from typing import Any

from local.ministack.engine import App, call_dynamodb

TEMPLATE = Path(__file__).parents[2] / "infra" / "cloudformation" / "lantern-data.json"
TABLE = "AWS::DynamoDB::Table"
# CreateTable takes these as CloudFormation writes them; the rest has operations of its own, below.
CREATE = {"TableName", "BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "Tags"}
AFTERWARDS = {
    "TimeToLiveSpecification": "UpdateTimeToLive",
    "PointInTimeRecoverySpecification": "UpdateContinuousBackups",
}

Table = dict[str, Any]


class TableError(Exception):
    """A table that the template asks for could not be made."""


def read(template: Path = TEMPLATE) -> list[Table]:
    """The properties of each table in `template`; refuses what would be silently left out."""
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
    """The names of the tables that are not there."""
    status, answer = await call_dynamodb(app, "ListTables", {})
    there = answer.get("TableNames", []) if status == 200 else []
    return [table["TableName"] for table in tables if table["TableName"] not in there]


async def create_missing(app: App, tables: list[Table]) -> list[str]:
    """Make the tables that are not there and return their names; what is there stays as it is."""
    made = await missing(app, tables)
    for table in (table for table in tables if table["TableName"] in made):
        await _apply(app, "CreateTable", {key: table[key] for key in CREATE if key in table})
        for key, operation in AFTERWARDS.items():
            if key in table:
                await _apply(app, operation, {"TableName": table["TableName"], key: table[key]})
    return made


async def _apply(app: App, operation: str, request: dict[str, Any]) -> None:
    status, answer = await call_dynamodb(app, operation, request)
    if status != 200:
        raise TableError(f"{operation} {request['TableName']}: {answer.get('message') or answer}")
