"""A day of four releases of orders as the laptop tells it: events in a file, and git's commits.

Round times on 2 November 2026, UTC. The test makes the commits; their hashes follow from what is in them.

release  committed  pushed    began     users saw  all users  over      deployment; what became of it
good     08:50:00   09:00:00  09:00:40  09:00:50   09:00:55   09:01:00  d-GOOD
blocked  09:50:00   10:00:00  10:00:40                        10:00:50  d-BLOCKED; its smoke test failed
failed   10:50:00   11:00:00  11:00:40  11:00:50              11:01:00  d-FAILED; alarm 11:00:54, rolled back
hotfix   11:20:00   11:30:00  11:30:40  11:30:50   11:30:55   11:31:00  d-HOTFIX; from the branch hotfix/wick
"""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

EVENTS = Path(__file__).with_name("hand_made.jsonl")
SCALE = 60.0
HOOK_FAILURE = (
    "HOOK_EXECUTION_FAILURE",
    "The lifecycle event AfterAllowTestTraffic failed: the Lambda function CodeDeployHook_lantern-smoke "
    "reported Failed.",
)
ALARM_ACTIVE = (
    "ALARM_ACTIVE",
    "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the "
    "affected deployments have been stopped. Activated alarms: <lantern-orders-green-errors>",
)
MESSAGES = {
    "good": ("08:50:00", "Light the first lamp"),
    "blocked": ("09:50:00", "Polish the glass"),
    "failed": ("10:50:00", "Turn up the flame"),
    "hotfix": ("11:20:00", "Trim the wick\n\nFixes-Deployment: d-FAILED"),
}


def at(clock: str) -> float:
    """Epoch seconds of a time of that day."""
    return datetime.fromisoformat(f"2026-11-02T{clock}+00:00").astimezone(UTC).timestamp()


def commit_all(folder: Path) -> dict[str, str]:
    """The four commits in a repository of their own; returns their hashes by release."""
    made = {}
    _git(folder, "init", "--quiet", "--initial-branch", "main", "--object-format", "sha1")
    for release, (clock, message) in MESSAGES.items():
        date = f"2026-11-02T{clock}+00:00"
        _git(folder, "commit", "--allow-empty", "--quiet", "-m", message, date=date)
        made[release] = _git(folder, "rev-parse", "HEAD")
    return made


def _git(folder: Path, *arguments: str, date: str = "") -> str:
    who = {
        f"GIT_{role}_{what}": "lamp@example.com"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    environ = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date} if date else {}
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, env=environ | who | dates, check=True, capture_output=True, text=True)
    return done.stdout.strip()
