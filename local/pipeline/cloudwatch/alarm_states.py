"""The state of every alarm that a deployment group watches, and the event when one changes."""

from typing import Any

from local.pipeline import eventbridge
from local.pipeline.architecture import Architecture
from local.pipeline.clock import Clock
from local.pipeline.cloudwatch.alarms import AlarmState, evaluate_alarm
from local.pipeline.cloudwatch.metrics import Metrics
from local.pipeline.identifiers import arn
from local.pipeline.journal import Journal, Records

OK, ALARM = "OK", "ALARM"


class AlarmStates:
    """`look` is called by one thread; any thread may read the states.

    The states are in the journal, so a runner that is started again announces a change once, too. Raises
    AlarmError, UnknownMetric and MathError at once when an alarm can't be evaluated here.
    """

    def __init__(self, architecture: Architecture, journal: Journal, metrics: Metrics, clock: Clock) -> None:
        self._journal, self._metrics, self._clock = journal, metrics, clock
        self._records = Records(journal, "alarm", dict[str, str])
        watched = {name for group in architecture.groups.values() for name in group.alarms}
        self._alarms = {name: alarm for name, alarm in architecture.alarms.items() if name in watched}
        self._states = {
            record["name"]: AlarmState(record["value"], record["reason"]) for record in self._records.all()
        }
        self.look()

    def all(self) -> dict[str, AlarmState]:
        """Return the state of every alarm at the last look, by the alarm's name."""
        return dict(self._states)

    def ringing(self) -> set[str]:
        """Return the names of the alarms that are in ALARM."""
        return {name for name, state in self.all().items() if state.value == ALARM}

    def changes(self) -> list[dict[str, Any]]:
        """Return the event of every change of an alarm's state, oldest first."""
        return self._journal.events_of(eventbridge.ALARM)

    def look(self) -> None:
        """Evaluate every alarm and announce those that change."""
        now = self._clock.now()
        for name, alarm in self._alarms.items():
            previous = self._states.get(name, AlarmState(OK, ""))
            state = evaluate_alarm(alarm, self._metrics, self._clock, now, previous.value)
            self._states[name] = state
            if state.value != previous.value:
                self._announce(name, state, previous, now)

    def _announce(self, name: str, state: AlarmState, previous: AlarmState, now: float) -> None:
        detail = {
            "alarmName": name,
            "state": {"value": state.value, "reason": state.reason},
            "previousState": {"value": previous.value, "reason": previous.reason},
        }
        resource, scale = arn("cloudwatch", f"alarm:{name}"), self._clock.scale
        event = eventbridge.envelope("aws.cloudwatch", eventbridge.ALARM, resource, detail, now, scale)
        with self._journal.transaction():
            self._records.put(name, {"name": name, "value": state.value, "reason": state.reason})
            self._journal.announce(event)
