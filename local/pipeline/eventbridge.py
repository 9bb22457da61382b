"""EventBridge events in the form in which CodePipeline, CodeDeploy, CodeCommit and CloudWatch send them.

https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
"""

import uuid
from datetime import UTC, datetime
from typing import Any

from local.awsapi.account import ACCOUNT, REGION

DEPLOYMENT = "CodeDeploy Deployment State-change Notification"
EXECUTION = "CodePipeline Pipeline Execution State Change"
STAGE = "CodePipeline Stage Execution State Change"
ACTION = "CodePipeline Action Execution State Change"
PUSH = "CodeCommit Repository State Change"
ALARM = "CloudWatch Alarm State Change"


def envelope(
    source: str, detail_type: str, resource: str, detail: dict[str, Any], at: float, scale: float = 1
) -> dict[str, Any]:
    """Return an event that happened at `at` (epoch seconds).

    EventBridge's `time` has whole seconds only, too coarse for simulated time. So the detail also holds the
    exact time and the time scale, in the member `lantern-rehearsal`, which AWS does not have.
    """
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [resource],
        "detail": detail | {"lantern-rehearsal": {"time-scale": scale, "time": at}},
    }
