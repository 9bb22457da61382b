"""The two functions: `collect` keeps what EventBridge sent to the queue, `compute` makes figures of it.

Variables: TABLE; of `collect` COMPUTE, the other's name; of `compute` PIPELINE, REPOSITORY, WINDOWS (days).
"""

import json
import os
import time
from typing import Any

import boto3
import botocore.exceptions

from dora import as_json
from dora.aws_lambda import changes, publishing
from dora.aws_lambda.store import COMMIT, DEPLOYMENT, ENVELOPE, Remembered, Store
from dora.errors import InputError
from dora.judging import judge_history
from dora.merging import combine
from dora.metrics import report
from dora.readers import aws, codecommit, envelopes
from dora.records import History
from dora.windows import DAY_S, Window

UNUSABLE = (ValueError, RecursionError, InputError)
LISTENING = History(
    has_incident_source=True
)  # a rule brings every alarm, so silence means that there was none


def collect(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Keep each envelope once; what can't be kept is named, so that the queue brings only that again."""
    store, failed, new = Store(os.environ["TABLE"]), [], 0
    for message in event["Records"]:
        try:
            new += _keep(store, message["body"])
        except (*UNUSABLE, botocore.exceptions.ClientError) as error:
            _say(message=message["messageId"], error=f"{type(error).__name__}: {error}")
            failed.append({"itemIdentifier": message["messageId"]})
    if new:  # asynchronously; should it fail, the next hour computes
        boto3.client("lambda").invoke(
            FunctionName=os.environ["COMPUTE"], InvocationType="Event", Payload=b"{}"
        )
    _say(received=len(event["Records"]), new=new, failed=len(failed))
    return {"batchItemFailures": failed}


def _keep(store: Store, body: str) -> bool:
    envelope = json.loads(body)
    return store.add(ENVELOPE, envelopes.identity(envelope), envelope)


def compute(_event: Any, _context: Any) -> dict[str, int]:
    """Everything anew from what is stored and what the APIs say; the same again changes nothing."""
    now = float(int(time.time()))
    days = [int(text) for text in os.environ["WINDOWS"].split(",")]
    store = Store(os.environ["TABLE"])
    judged = judge_history(_history(store))
    reports = {one: report(judged, Window(now - one * DAY_S, now), now) for one in days}
    documents = {publishing.window_name(one): as_json.document(made) for one, made in reports.items()}
    longest = publishing.window_name(max(days))
    for line in changes.lines(store.report(longest), documents[longest]):
        _say(**line)
    for window, document in documents.items():
        store.replace_report(window, now, document)
    points = [point for made in reports.values() for point in publishing.data(made)]
    sent = publishing.publish(boto3.client("cloudwatch"), [*points, publishing.computed(now)])
    done = {"services": len(judged.services), "points": sent, "notes": len(judged.notes)}
    _say(**done)
    return done


def _history(store: Store) -> History:
    """Events, and what they lost or can't tell from the APIs; each final answer is asked for once.

    An API that does not answer ends the computation: figures of half the truth would look like a change."""
    told = envelopes.read(store.all(ENVELOPE).values())
    asked = aws.read(os.environ["PIPELINE"], answers=Remembered(store, DEPLOYMENT))
    history = combine([told, asked, LISTENING])
    return codecommit.add_commits(history, os.environ["REPOSITORY"], answers=Remembered(store, COMMIT))


def _say(**words: Any) -> None:
    print(json.dumps(words))
