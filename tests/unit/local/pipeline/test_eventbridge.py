import json

from local.pipeline.eventbridge import DEPLOYMENT, envelope


def test_an_event_has_the_members_of_eventbridges():
    event = envelope(
        "aws.codedeploy",
        DEPLOYMENT,
        resource="arn:aws:codedeploy:group",
        detail={"state": "START"},
        at=1_800_000_000.7,
    )

    assert json.loads(json.dumps(event)) == {
        "version": "0",
        "id": event["id"],
        "detail-type": "CodeDeploy Deployment State-change Notification",
        "source": "aws.codedeploy",
        "account": "111122223333",
        "time": "2027-01-15T08:00:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:codedeploy:group"],
        "detail": {"state": "START", "lantern-rehearsal": {"time-scale": 1, "time": 1_800_000_000.7}},
    }


def test_an_event_holds_the_time_scale():
    event = envelope("aws.codedeploy", DEPLOYMENT, resource="arn", detail={}, at=0.0, scale=60.0)

    assert event["detail"]["lantern-rehearsal"]["time-scale"] == 60


def test_no_two_events_have_the_same_id():
    first, second = (envelope("a", "b", resource="c", detail={}, at=0)["id"] for _ in range(2))

    assert first != second
