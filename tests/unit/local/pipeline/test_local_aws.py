"""The runner keeps the newest artifacts of each output, so that a day of rehearsals fills no disk."""

from datetime import UTC, datetime, timedelta

import pytest

from local.pipeline.local_aws import KEPT_ARTIFACTS, LocalAws
from local.pipeline.settings import Settings
from settings import load


class S3:
    """A bucket whose objects are a minute older than the one after them."""

    def __init__(self):
        self.objects, self._now = {}, datetime(2026, 1, 1, tzinfo=UTC)

    def put_object(self, Key, **_):
        self._now += timedelta(minutes=1)
        self.objects[Key] = self._now

    def list_objects_v2(self, Prefix, **_):
        listed = [
            {"Key": key, "LastModified": at} for key, at in self.objects.items() if key.startswith(Prefix)
        ]
        return {"Contents": sorted(listed, key=lambda entry: entry["Key"])} if listed else {}

    def delete_objects(self, Delete, **_):
        for entry in Delete["Objects"]:
            del self.objects[entry["Key"]]


@pytest.fixture(name="s3")
def _s3(monkeypatch):
    bucket = S3()
    monkeypatch.setattr(LocalAws, "client", lambda *_: bucket)
    return bucket


def put(aws, key):
    aws.put_artifact("artifacts", key, b"")
    aws.delete_old_artifacts("artifacts", key)


def test_the_newest_artifacts_of_an_output_are_kept_and_those_of_others_untouched(s3):
    aws = LocalAws(load(Settings, {}))
    put(aws, "lantern/orders/0")

    for number in range(KEPT_ARTIFACTS + 3):
        put(aws, f"lantern/source/{9 - number % 10}{number}")

    sources = [key for key in s3.objects if key.startswith("lantern/source/")]
    assert len(sources) == KEPT_ARTIFACTS
    assert "lantern/orders/0" in s3.objects
    assert not {"lantern/source/90", "lantern/source/81", "lantern/source/72"} & set(sources)
