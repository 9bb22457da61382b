"""A client of the pipeline on this laptop: starts executions with AWS's API, and reads snapshots."""

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.exceptions
from botocore.config import Config

from local.awsapi.account import REGION
from local.rehearsal.errors import CouldNotRun, Lost

PIPELINE_NAME = "lantern"
SOURCE_ACTION = "Source"
PATIENCE_S = 30.0  # a runner that is started again answers within a few seconds
# The pipeline is on this machine, where no proxy of the user's leads
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """How a pipeline runs: simulated seconds in a real one, and whether it has an approval stage."""

    scale: float
    approval: bool

    def __str__(self) -> str:
        return f"TIME_SCALE={self.scale:g} APPROVAL={'yes' if self.approval else 'no'}"


class PipelineClient:
    """A client of the pipeline at an address such as http://127.0.0.1:4567."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.repository = f"{address}/v1/repos/{PIPELINE_NAME}"
        self._last_answer = time.monotonic()
        self._client = boto3.client(
            "codepipeline",
            endpoint_url=address,
            region_name=REGION,
            aws_access_key_id="laptop",
            aws_secret_access_key="laptop",  # noqa: S106  any will do
            config=Config(retries={"total_max_attempts": 2}, proxies={}),
        )

    def start(self, commit: str) -> str:
        """Start an execution of a commit and return its id. Raises CouldNotRun."""
        revision = {"actionName": SOURCE_ACTION, "revisionType": "COMMIT_ID", "revisionValue": commit}
        try:
            answer = self._client.start_pipeline_execution(name=PIPELINE_NAME, sourceRevisions=[revision])
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            raise CouldNotRun(f"The pipeline did not start: {error}") from None
        return str(answer["pipelineExecutionId"])

    def options(self) -> PipelineOptions | None:
        """Return how the pipeline runs, or None when it does not answer."""
        try:
            snapshot = self._get("")
            return PipelineOptions(float(snapshot["scale"]), bool(snapshot["approval"]))
        except (OSError, ValueError, KeyError):
            return None

    def snapshot(self, execution: str) -> dict[str, Any]:
        """Return the snapshot of an execution, or of the newest one without an id.

        Waits for a pipeline that is started again. Raises Lost when it takes too long, or when the pipeline
        does not know the execution.
        """
        while True:
            try:
                snapshot = self._get(f"?execution={execution}")
            except (OSError, ValueError) as error:
                if time.monotonic() - self._last_answer > PATIENCE_S:
                    raise Lost(
                        f"The pipeline at {self.address} has not answered for {PATIENCE_S:.0f} s ({error}). "
                        "make rehearse starts it again and it goes on where it was; "
                        "docker compose --profile rehearsal logs pipeline tells more"
                    ) from None
                time.sleep(0.5)
                continue
            self._last_answer = time.monotonic()
            if execution and not snapshot["execution"]:
                raise Lost(f"The pipeline knows no execution {execution} any more: its journal was removed")
            return snapshot

    def _get(self, query: str) -> dict[str, Any]:
        with OPENER.open(f"{self.address}/_lantern/snapshot{query}", timeout=5) as answer:
            snapshot: dict[str, Any] = json.load(answer)
            return snapshot
