"""`make dora`: the history of the rehearsals on this laptop, measured by the command line of `dora`.

The pipeline's journal has every event with its time scale, its API tells when users saw a deployment, git
knows the commits.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from local.stack.errors import NotThere
from local.stack.site import Site

CODE = Path(__file__).parents[2]
DEFAULT_SINCE = "30d"
ANSWERS_WITHIN_S = 10.0
# The pipeline is on this machine; a proxy of the user's has no part in it
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def measure(site: Site) -> None:
    """Become `python -m dora`, as SINCE, UNTIL, HTML and EXPLAIN ask. Raises NotThere."""
    pipeline = f"http://127.0.0.1:{site.environ.get('PIPELINE_PORT') or 4567}"
    history = keep(events(pipeline), site.home / "history.jsonl")
    command = [sys.executable, "-m", "dora", *arguments(site, history)]
    environ = os.environ | environment(site, pipeline)
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):  # an account's; nobody asks one here
        environ.pop(name, None)
    sys.stdout.flush()
    os.execve(sys.executable, command, environ)  # noqa: S606  its exit code is ours


def events(pipeline: str) -> list[dict[str, Any]]:
    """Every envelope of the pipeline's journal. Raises NotThere."""
    address = f"{pipeline}/_lantern/events"
    try:
        with OPENER.open(address, timeout=ANSWERS_WITHIN_S) as answer:
            found = json.load(answer)
        return [{key: value for key, value in one.items() if key != "number"} for one in found]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise NotThere(
            f"The pipeline does not answer at {pipeline} ({error}): make rehearse starts it. "
            "It keeps the history of all rehearsals, in a Docker volume."
        ) from None


def keep(found: list[dict[str, Any]], file: Path) -> Path:
    """Write them, one a line, for whoever wants to look at them with other options."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(one) + "\n" for one in found)
    part = file.with_suffix(".part")
    part.write_text(lines, encoding="utf-8")
    part.replace(file)
    return file


def arguments(site: Site, history: Path) -> list[str]:
    """What `dora` is told."""
    given = site.environ
    found = ["--events", str(history), "--aws", f"--since={given.get('SINCE') or DEFAULT_SINCE}"]
    if (site.root / ".git").exists():  # unpacked somewhere, there is none
        found += ["--git", str(site.root)]
    found += [f"--until={given['UNTIL']}"] if given.get("UNTIL") else []
    found += [f"--html={given['HTML']}"] if given.get("HTML") else []
    return found + (["--explain"] if given.get("EXPLAIN") else [])


def environment(site: Site, pipeline: str) -> dict[str, str]:
    """Where boto3 finds the laptop, and nothing else."""
    local = f"http://127.0.0.1:{site.environ.get('AWS_PORT') or 4566}"
    return {
        "AWS_ENDPOINT_URL": local,
        "AWS_ENDPOINT_URL_CODEPIPELINE": pipeline,
        "AWS_ENDPOINT_URL_CODEDEPLOY": pipeline,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "laptop",
        "AWS_SECRET_ACCESS_KEY": "laptop",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "PYTHONPATH": str(CODE),
    }
