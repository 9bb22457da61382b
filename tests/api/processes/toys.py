"""Small stacks of real processes, run by the same commands as the shop."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import yaml

ROOT = Path(__file__).parents[3]
SERVER = """\
import http.server, os, signal, sys
name = os.environ.get("NAME", "?")
def end(*_):
    open("stopped.txt", "a").write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if os.environ.get("STUBBORN") else end)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ready = not os.environ.get("NEEDS") or os.path.exists(os.environ["NEEDS"])
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(json.dumps(dict(os.environ)).encode())
import json
print("hello from", name, flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""
PROBE = "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}', timeout=2)"


def server(name: str, port: int, **keys: Any) -> dict[str, Any]:
    """A service of a compose file that answers on `port`, which $<NAME>_PORT moves; `keys` are added."""
    environment = {"NAME": name, "PORT": "80", **keys.pop("environment", {})}
    return {
        "command": ["python3", "server.py"],
        "environment": environment,
        "ports": [f"127.0.0.1:${{{name.upper()}_PORT:-{port}}}:80"],
        "restart": "unless-stopped",
        "healthcheck": {
            "test": ["CMD", "python3", "-c", PROBE],
            "interval": "1s",
            "start_period": "30s",
            "start_interval": "50ms",
        },
        **keys,
    }


class Toy:
    """A folder with a compose file, and the commands on it; `env` is all that they see of the environment."""

    def __init__(self, folder: Path, **services: dict[str, Any]) -> None:
        self.folder = folder
        self.home = folder / ".lantern"
        self.file = folder / "docker-compose.yml"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder / "nobody"), "MODE": "processes"}
        (folder / "server.py").write_text(SERVER)
        self.file.write_text(yaml.safe_dump({"services": services}, sort_keys=False))

    def begin(self, command: str, module: str = "local.stack") -> subprocess.Popen[str]:
        """Start `up`, `down`, ... and don't wait."""
        options = [command] if module == "local.stack" else []
        return subprocess.Popen(
            [sys.executable, "-m", module, *options, "--file", str(self.file)],
            cwd=ROOT if module == "local.stack" else self.folder,
            env={**self.env, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command: str, code: int = 0) -> str:
        """Run `up`, `down`, ...; fails unless it exits with `code`; returns what it printed."""
        process = self.begin(command)
        printed, _ = process.communicate(timeout=60)
        assert process.returncode == code, printed
        return printed

    def record(self) -> dict[str, Any]:
        """What the supervisor wrote down; empty when there is nothing."""
        file = self.home / "processes.json"
        return json.loads(file.read_text()) if file.is_file() else {}

    def state(self, service: str) -> str:
        return self.record()["services"][service]["state"] if self.record() else ""

    def pid(self, service: str) -> int:
        return self.record()["services"][service]["process"]["pid"]

    def alive(self) -> list[str]:
        """Every process that has to do with this folder: its services, their checks, its supervisor."""
        alive = []
        for process in psutil.process_iter(["cwd", "cmdline", "status"]):
            facts = process.info
            theirs = str(self.folder) in (facts["cwd"] or "", *(facts["cmdline"] or ()))
            inside = any(part.startswith(f"{self.folder}/") for part in facts["cmdline"] or ())
            if (theirs or inside) and facts["status"] != psutil.STATUS_ZOMBIE:
                alive.append(f"{process.pid} {facts['cmdline']}")
        return alive

    def log(self, name: str) -> str:
        return (self.home / "logs" / f"{name}.log").read_text()

    def supervisor(self) -> int:
        return self.record()["supervisor"]["pid"]

    def clean_up(self) -> None:
        """Whatever a test left."""
        record = self.record()
        pids = [entry["process"]["pid"] for entry in record.get("services", {}).values() if entry["process"]]
        for pid in [record["supervisor"]["pid"], *pids] if record else ():
            try:
                if str(self.folder) in " ".join([psutil.Process(pid).cwd(), *psutil.Process(pid).cmdline()]):
                    os.kill(pid, signal.SIGKILL)
            except psutil.NoSuchProcess:
                pass
