"""dora: the five DORA metrics of this account's pipeline, by the code that also runs on a laptop."""

import aws_cdk as cdk
from constructs import Construct

from infra.constructs.dora.alarms import DoraAlarms
from infra.constructs.dora.dashboard import dora_dashboard
from infra.constructs.dora.event_queue import EventQueue
from infra.constructs.dora.functions import DoraFunctions
from infra.constructs.stack import LanternStack
from infra.constructs.table import table, text
from infra.shop import DORA_TABLE


class DoraStack(LanternStack):
    """A queue of events, a function that stores them in a table, a function that computes the metrics."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope, "dora", description="Lantern: the five DORA metrics from the pipeline's own events"
        )
        events = EventQueue(self)
        envelopes = table(
            self,
            "Table",
            table_name=DORA_TABLE,
            partition_key=text("kind"),
            sort_key=text("id"),
            # A new stack gets again from AWS's APIs what they still have
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        functions = DoraFunctions(self, table=envelopes, queue=events.queue)
        dora_dashboard(self)
        DoraAlarms(self, dead_letters=events.dead_letters, functions=functions)
