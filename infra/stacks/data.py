"""data: the two DynamoDB tables. The local AWS makes its tables from this stack's template too."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.constructs.stack import LanternStack

Attribute = dynamodb.CfnTable.AttributeDefinitionProperty
Key = dynamodb.CfnTable.KeySchemaProperty


class DataStack(LanternStack):
    """The tables outlive their stack: deleting data is a decision of its own."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope, "data", description="Lantern: the two DynamoDB tables, which outlive every deployment"
        )
        products = self._table("Products", key=("sku", "S"), index=("by-shelf", ("shelf", "S"), ("sku", "S")))
        orders = self._table(
            "Orders", key=("order_id", "S"), index=("by-state", ("state", "S"), ("touched_at", "N"))
        )
        self.share("ProductsTableArn", products.attr_arn)
        self.share("OrdersTableArn", orders.attr_arn)

    def _table(
        self, name: str, *, key: tuple[str, str], index: tuple[str, tuple[str, str], tuple[str, str]]
    ) -> dynamodb.CfnTable:
        index_name, partition, sort = index
        attributes = dict([key, partition, sort])
        table = dynamodb.CfnTable(
            self,
            name,
            table_name=f"lantern-{name.lower()}",
            billing_mode="PAY_PER_REQUEST",
            attribute_definitions=[
                Attribute(attribute_name=attribute, attribute_type=kind)
                for attribute, kind in attributes.items()
            ],
            key_schema=[Key(attribute_name=key[0], key_type="HASH")],
            global_secondary_indexes=[
                dynamodb.CfnTable.GlobalSecondaryIndexProperty(
                    index_name=index_name,
                    key_schema=[
                        Key(attribute_name=partition[0], key_type="HASH"),
                        Key(attribute_name=sort[0], key_type="RANGE"),
                    ],
                    projection=dynamodb.CfnTable.ProjectionProperty(projection_type="ALL"),
                )
            ],
            point_in_time_recovery_specification=dynamodb.CfnTable.PointInTimeRecoverySpecificationProperty(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_specification=dynamodb.CfnTable.TimeToLiveSpecificationProperty(
                attribute_name="expires_at", enabled=True
            ),
        )
        table.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        return table
