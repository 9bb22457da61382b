"""EventBridge envelopes as CodePipeline, CodeDeploy, CodeCommit and CloudWatch send them.

https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
"""

import uuid
from datetime import UTC, datetime
from typing import Any

from local.pipeline.identifiers import ACCOUNT, REGION

DEPLOYMENT = "CodeDeploy Deployment State-change Notification"
EXECUTION = "CodePipeline Pipeline Execution State Change"
STAGE = "CodePipeline Stage Execution State Change"
ACTION = "CodePipeline Action Execution State Change"
PUSH = "CodeCommit Repository State Change"
ALARM = "CloudWatch Alarm State Change"


def envelope(
    source: str, kind: str, resource: str, detail: dict[str, Any], at: float, scale: float = 1
) -> dict[str, Any]:
    """One event. `at` in epoch seconds; a rehearsal that hurried says so, in a member of its own."""
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    rehearsal = {"lantern-rehearsal": {"time-scale": scale, "time": at}}
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": moment,
        "region": REGION,
        "resources": [resource],
        "detail": detail | rehearsal,
    }
