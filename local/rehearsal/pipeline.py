"""The pipeline on this laptop as its user sees it: AWS's API starts an execution, snapshots show it."""

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.exceptions
from botocore.config import Config

from local.rehearsal.errors import CouldNotRun, Lost

NAME = "lantern"
SOURCE_ACTION = "Source"
PATIENCE_S = 30.0  # a runner that is started again answers within a few seconds
# The pipeline is on this machine; a proxy of the user's has no part in it
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Pace:
    """How many simulated seconds pass in one, and whether somebody has to approve."""

    scale: float
    approval: bool

    def __str__(self) -> str:
        return f"TIME_SCALE={self.scale:g} APPROVAL={'yes' if self.approval else 'no'}"


class Pipeline:
    """At an address such as http://127.0.0.1:4567."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.repository = f"{address}/v1/repos/{NAME}"
        self._last = time.monotonic()
        self._client = boto3.client(
            "codepipeline",
            endpoint_url=address,
            region_name="us-east-1",
            aws_access_key_id="laptop",
            aws_secret_access_key="laptop",  # noqa: S106  any will do
            config=Config(retries={"total_max_attempts": 2}, proxies={}),
        )

    def start(self, commit: str) -> str:
        """Start an execution of a commit; returns its id. Raises CouldNotRun."""
        revision = {"actionName": SOURCE_ACTION, "revisionType": "COMMIT_ID", "revisionValue": commit}
        try:
            answer = self._client.start_pipeline_execution(name=NAME, sourceRevisions=[revision])
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            raise CouldNotRun(f"The pipeline did not start: {error}") from None
        return str(answer["pipelineExecutionId"])

    def pace(self) -> Pace | None:
        """How it runs; None when none answers."""
        try:
            found = self._ask("")
            return Pace(float(found["scale"]), bool(found["approval"]))
        except (OSError, ValueError, KeyError):
            return None

    def snapshot(self, execution: str) -> dict[str, Any]:
        """How things are now. Raises Lost when nobody has answered for a while, or the execution is gone."""
        while True:
            try:
                found = self._ask(f"?execution={execution}")
            except (OSError, ValueError) as error:
                if time.monotonic() - self._last > PATIENCE_S:
                    raise Lost(
                        f"The pipeline at {self.address} has not answered for {PATIENCE_S:.0f} s ({error}). "
                        "make rehearse starts it again and it goes on where it was; "
                        "docker compose --profile rehearsal logs pipeline tells more"
                    ) from None
                time.sleep(0.5)
                continue
            self._last = time.monotonic()
            if execution and not found["execution"]:
                raise Lost(f"The pipeline knows no execution {execution} any more: its journal was removed")
            return found

    def _ask(self, query: str) -> dict[str, Any]:
        with OPENER.open(f"{self.address}/_lantern/snapshot{query}", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
