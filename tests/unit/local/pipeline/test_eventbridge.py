import json

from local.pipeline.eventbridge import DEPLOYMENT, envelope


def test_an_event_is_eventbridges_envelope():
    event = envelope(
        "aws.codedeploy", DEPLOYMENT, "arn:aws:codedeploy:one", {"state": "START"}, 1_800_000_000.7
    )

    assert json.loads(json.dumps(event)) == {
        "version": "0",
        "id": event["id"],
        "detail-type": "CodeDeploy Deployment State-change Notification",
        "source": "aws.codedeploy",
        "account": "111122223333",
        "time": "2027-01-15T08:00:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:codedeploy:one"],
        "detail": {"state": "START", "lantern-rehearsal": {"time-scale": 1, "time": 1_800_000_000.7}},
    }


def test_an_event_of_a_hurried_rehearsal_says_so():
    event = envelope("aws.codedeploy", DEPLOYMENT, "arn", {}, 0.0, 60.0)

    assert event["detail"]["lantern-rehearsal"]["time-scale"] == 60


def test_no_two_events_have_one_id():
    assert envelope("a", "b", "c", {}, 0)["id"] != envelope("a", "b", "c", {}, 0)["id"]
