"""dora: the five DORA metrics of this account's pipeline, by the code that also runs on a laptop."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.constructs.dora.alarms import dora_alarms
from infra.constructs.dora.dashboard import dora_dashboard
from infra.constructs.dora.event_queue import EventQueue
from infra.constructs.dora.functions import DoraFunctions
from infra.constructs.stack import LanternStack
from infra.shop import DORA_TABLE


class DoraStack(LanternStack):
    """Events to a queue, a function to a table, a function to figures; nothing depends on it."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope, "dora", description="Lantern: the five DORA metrics from the pipeline's own events"
        )
        events = EventQueue(self)
        functions = DoraFunctions(self, table=self._table(), queue=events.queue)
        dora_dashboard(self)
        dora_alarms(self, dead_letters=events.dead_letters, functions=functions)

    def _table(self) -> dynamodb.CfnTable:
        """One item an envelope; what AWS itself still tells comes back when the stack does."""
        table = dynamodb.CfnTable(
            self,
            "Table",
            table_name=DORA_TABLE,
            billing_mode="PAY_PER_REQUEST",
            attribute_definitions=[
                dynamodb.CfnTable.AttributeDefinitionProperty(attribute_name=name, attribute_type="S")
                for name in ("kind", "id")
            ],
            key_schema=[
                dynamodb.CfnTable.KeySchemaProperty(attribute_name=name, key_type=kind)
                for name, kind in (("kind", "HASH"), ("id", "RANGE"))
            ],
            point_in_time_recovery_specification=dynamodb.CfnTable.PointInTimeRecoverySpecificationProperty(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_specification=dynamodb.CfnTable.TimeToLiveSpecificationProperty(
                attribute_name="expires_at", enabled=True
            ),
        )
        table.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
        return table
