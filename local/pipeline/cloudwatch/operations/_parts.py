"""What CloudWatch's operations work with."""

from typing import Protocol

from local.pipeline.cloudwatch.alarm_states import AlarmStates


class Parts(Protocol):
    """The parts of the runner that an operation may use."""

    alarms: AlarmStates
