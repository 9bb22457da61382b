"""data: the two DynamoDB tables. The local AWS makes its tables from this stack's template too."""

import aws_cdk as cdk
from constructs import Construct

from infra.constructs.stack import LanternStack
from infra.constructs.table import number, table, text


class DataStack(LanternStack):
    """Tables that outlive their stack: deleting data is a decision of its own."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope, "data", description="Lantern: the two DynamoDB tables, which outlive every deployment"
        )
        products = table(
            self,
            "Products",
            table_name="lantern-products",
            partition_key=text("sku"),
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        products.add_global_secondary_index(
            index_name="by-shelf", partition_key=text("shelf"), sort_key=text("sku")
        )
        orders = table(
            self,
            "Orders",
            table_name="lantern-orders",
            partition_key=text("order_id"),
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        orders.add_global_secondary_index(
            index_name="by-state", partition_key=text("state"), sort_key=number("touched_at")
        )
        self.export("ProductsTableArn", products.table_arn)
        self.export("OrdersTableArn", orders.table_arn)
