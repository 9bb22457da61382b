"""Someone who does the labs that need the rehearsal, with the commands of `make`."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.api.labs.laptop import MAKE, blocks
from tests.containers.rehearsed import Rehearsal


class Trainee:
    """Types the labs' commands in a checkout; several may have a lab open, each in their folder."""

    def __init__(self, checkout: Rehearsal, name: str) -> None:
        self._checkout = checkout
        self._home = checkout.folder / ".lantern" / name
        self._folder = self._home / "labs"

    def begin(self, lab: str, seed: int) -> dict[str, Any]:
        """`make lab`; returns the attempt's facts."""
        self._run("lab", LAB=lab, SEED=str(seed))
        return self._attempt()["facts"]

    def check(self, code: int) -> dict[str, tuple[str, str]]:
        """`make check`; each step's state, and what was expected or found."""
        report = json.loads(self._run("check", code, JSON="1"))
        return {step["name"]: (step["state"], step["expected"] or step["found"]) for step in report["steps"]}

    def solve(self, **environ: str) -> str:
        """`make solve`; returns what it prints."""
        return self._run("solve", **environ)

    def type_what_the_page_shows(self, code: int) -> list[str]:
        """Run each block of the open lab's page but those that rehearse; `code` is that of the check."""
        report = json.loads(self._run("check", code, JSON="1"))
        scripts = [script for step in report["steps"] for script in blocks(step["task"])]
        tools = self._home / "tools"
        tools.mkdir(exist_ok=True)
        (tools / "make").write_text(MAKE)
        (tools / "make").chmod(0o755)
        environ = self._checkout.env | {"LANTERN_DIR": str(self._home)}
        environ["PATH"] = f"{tools}:{environ['PATH']}"
        return [_printed(script, environ) for script in scripts if "make rehearse" not in script]

    def reset(self) -> None:
        """`make reset` with an open lab."""
        self._run("reset")

    def left(self) -> list[str]:
        """What is left of labs: anybody's branches and work trees, this one's folders and open attempt."""
        branches = self._checkout.git("branch", "--list", "--format=%(refname:short)", "lantern-lab-*")
        trees = self._checkout.git("worktree", "list", "--porcelain").split("worktree ")[2:]
        folders = [path.name for path in self._folder.iterdir() if path.is_dir()]
        attempt = ["an open attempt"] if (self._folder / "attempt.json").exists() else []
        return [*branches.split(), *trees, *folders, *attempt]

    def tree(self) -> Path:
        """The lab's own work tree."""
        return Path(self._attempt()["facts"]["tree"])

    def _run(self, command: str, code: int = 0, **environ: str) -> str:
        return self._checkout.run(command, code, LANTERN_DIR=str(self._home), **environ)

    def _attempt(self) -> dict[str, Any]:
        attempt: dict[str, Any] = json.loads((self._folder / "attempt.json").read_text())
        return attempt


def _printed(script: str, environ: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-ec", script], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"{script}{done.stdout}{done.stderr}"
    assert done.stdout, script
    return done.stdout
