"""`make dora`: the DORA metrics of the rehearsals on this laptop, by the command `python -m dora`.

The pipeline's journal has every event with its time scale; its API knows when users saw a deployment, which
alarms rang, and the commits that were pushed to it. The local X-Ray knows where requests fault first.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from local.awsapi.account import REGION
from local.stack.errors import NotThere
from local.stack.site import Site

CODE = Path(__file__).parents[2]
DEFAULT_SINCE = "first"
ALARMS = "lantern-"  # the prefix of the alarms that watch deployments
ANSWERS_WITHIN_S = 10.0
# The pipeline is on this machine: no proxy of the user's may be asked
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def measure(site: Site) -> None:
    """Replace this process by `python -m dora`, with options from SINCE, UNTIL, HTML and their like.

    Raises NotThere where the pipeline does not answer; SAMPLE needs none."""
    if site.environ.get("SAMPLE"):
        _become(["--sample", *_outputs(site.environ)], os.environ | {"PYTHONPATH": str(CODE)})
    pipeline = f"http://127.0.0.1:{site.environ.get('PIPELINE_PORT') or 4567}"
    history = write_events(events(pipeline), site.home / "history.jsonl")
    environ = os.environ | environment(site, pipeline)
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):  # an account's; the laptop needs none
        environ.pop(name, None)
    _become(arguments(site, history), environ)


def _become(options: list[str], environ: dict[str, str]) -> NoReturn:
    sys.stdout.flush()
    command = [sys.executable, "-m", "dora", *options]
    os.execve(sys.executable, command, environ)  # noqa: S606  its exit code becomes ours


def events(pipeline: str) -> list[dict[str, Any]]:
    """All EventBridge envelopes of the pipeline's journal. Raises NotThere."""
    address = f"{pipeline}/_lantern/events"
    try:
        with OPENER.open(address, timeout=ANSWERS_WITHIN_S) as answer:
            entries = json.load(answer)
        return [{key: value for key, value in entry.items() if key != "number"} for entry in entries]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise NotThere(
            f"The pipeline does not answer at {pipeline} ({error}): make rehearse starts it. "
            "It keeps the history of all rehearsals, in a Docker volume."
        ) from None


def write_events(envelopes: list[dict[str, Any]], file: Path) -> Path:
    """Write envelopes to a file, one a line, for other options of `python -m dora`; returns the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(envelope) + "\n" for envelope in envelopes)
    part = file.with_suffix(".part")
    part.write_text(lines, encoding="utf-8")
    part.replace(file)
    return file


def arguments(site: Site, history: Path) -> list[str]:
    """The options of `python -m dora`."""
    variables = site.environ
    options = ["--events", str(history), "--aws", "--alarms", ALARMS, "--traces"]
    options += [f"--since={variables.get('SINCE') or DEFAULT_SINCE}"]
    options += [f"--until={variables['UNTIL']}"] if variables.get("UNTIL") else []
    return options + _outputs(variables)


def _outputs(variables: Mapping[str, str]) -> list[str]:
    options = [f"--html={variables['HTML']}"] if variables.get("HTML") else []
    options += [f"--by={variables['BY']}"] if variables.get("BY") else []
    options += ["--json"] if variables.get("JSON") else []
    return options + (["--explain"] if variables.get("EXPLAIN") else [])


def environment(site: Site, pipeline: str) -> dict[str, str]:
    """The variables by which boto3 finds the laptop's services, and nothing else."""
    local = f"http://127.0.0.1:{site.environ.get('AWS_PORT') or 4566}"
    return {
        "AWS_ENDPOINT_URL": local,
        "AWS_ENDPOINT_URL_CODEPIPELINE": pipeline,
        "AWS_ENDPOINT_URL_CODEDEPLOY": pipeline,
        "AWS_ENDPOINT_URL_XRAY": f"http://127.0.0.1:{site.environ.get('XRAY_PORT') or 2000}",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "laptop",
        "AWS_SECRET_ACCESS_KEY": "laptop",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "PYTHONPATH": str(CODE),
    }
