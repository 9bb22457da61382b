"""The handlers of the two functions: `collect` stores EventBridge's events, `compute` computes the metrics.

Environment variables: TABLE for both; COMPUTE (the other function's name) for `collect`; PIPELINE, ALARMS (a
prefix of their names) and WINDOWS (days, separated by commas) for `compute`.
"""

import json
import os
import time
from typing import Any

import boto3
import botocore.exceptions

from dora import json_report
from dora.analysis import analyse
from dora.aws_lambda import cloudwatch_metrics, deployment_log
from dora.aws_lambda.dynamodb_table import (
    COMMIT,
    DEPLOYMENT,
    ENVELOPE,
    ROOT_CAUSE,
    TRIGGER,
    Store,
    StoredValues,
)
from dora.deduplication import combine
from dora.errors import InputError
from dora.metrics import report
from dora.readers import eventbridge, pipeline_history
from dora.records import ALARMS, History
from dora.times import DAY_S
from dora.windows import Window

UNUSABLE = (ValueError, RecursionError, InputError)
# a rule brings every alarm's events, so without events there was no alarm
EVERY_ALARM_IS_HEARD = History(incident_sources=frozenset({ALARMS}))


def collect(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Store each message's envelope once; returns the messages that failed, which the queue brings again."""
    store, failed, new = Store(os.environ["TABLE"]), [], 0
    for message in event["Records"]:
        try:
            new += _add(store, message["body"])
        except (*UNUSABLE, botocore.exceptions.ClientError) as error:
            _log(message=message["messageId"], error=f"{type(error).__name__}: {error}")
            failed.append({"itemIdentifier": message["messageId"]})
    if new:  # asynchronously; if that fails, the hourly schedule computes
        boto3.client("lambda").invoke(
            FunctionName=os.environ["COMPUTE"], InvocationType="Event", Payload=b"{}"
        )
    _log(received=len(event["Records"]), new=new, failed=len(failed))
    return {"batchItemFailures": failed}


def _add(store: Store, body: str) -> bool:
    envelope = json.loads(body)
    return store.add(ENVELOPE, eventbridge.identity(envelope), envelope)


def compute(_event: Any, _context: Any) -> dict[str, int]:
    """Compute all metrics anew from the table and the APIs, store and publish them; idempotent."""
    now = float(int(time.time()))
    days = [int(text) for text in os.environ["WINDOWS"].split(",")]
    store = Store(os.environ["TABLE"])
    analysis = analyse(_history(store))
    reports = {length: report(analysis, Window(now - length * DAY_S, now), now) for length in days}
    documents = {
        cloudwatch_metrics.window_name(length): json_report.document(measured)
        for length, measured in reports.items()
    }
    longest = cloudwatch_metrics.window_name(max(days))
    for line in deployment_log.lines(store.report(longest), documents[longest]):
        _log(**line)
    for window, document in documents.items():
        store.replace_report(window, now, document)
    data = [datum for measured in reports.values() for datum in cloudwatch_metrics.metric_data(measured)]
    data.append(cloudwatch_metrics.computed(now))
    sent = cloudwatch_metrics.publish(boto3.client("cloudwatch"), data)
    done = {"services": len(analysis.services), "points": sent, "notes": len(analysis.notes)}
    _log(**done)
    return done


def _history(store: Store) -> History:
    """The stored events, completed by the APIs; an API's final answer is stored and not asked for again.

    An API that does not answer ends the computation: figures of a part would look like a change."""
    events = eventbridge.read(store.all(ENVELOPE).values())
    caches = pipeline_history.Caches(
        deployments=StoredValues(store, DEPLOYMENT),
        triggers=StoredValues(store, TRIGGER),
        commits=StoredValues(store, COMMIT),
        causes=StoredValues(store, ROOT_CAUSE),
    )
    answers, problems = pipeline_history.read(
        boto3.Session(), os.environ["PIPELINE"], alarms=os.environ["ALARMS"], traces=True, caches=caches
    )
    if problems:
        raise problems[0].error
    return combine([events, answers, EVERY_ALARM_IS_HEARD])


def _log(**fields: Any) -> None:
    print(json.dumps(fields))
