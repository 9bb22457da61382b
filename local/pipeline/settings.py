"""What the runner is told by its environment; everything about the shop comes from the templates instead."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.pipeline.clock import DEFAULT_SCALE, MOST


class SettingsError(Exception):
    """A variable is wrong; the message names it and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where things are, in the network of the containers and on the machine."""

    host: str
    port: int
    state: Path
    scale: float
    approval: bool
    network: str  # of the tasks
    project: str  # label of everything that is started
    registry: str  # as the Docker engine reaches it
    logs_address: str  # of the log agent, as the Docker engine reaches it
    aws_url: str
    xray_url: str
    own_url: str
    trace_url: str
    build_image: str


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the variables; raises SettingsError."""
    return Settings(
        host=environ.get("HOST") or "127.0.0.1",
        port=_port(environ, "PORT", "4567"),
        state=Path(environ.get("STATE_DIR") or ".lantern/state/pipeline"),
        scale=scale(environ),
        approval=_yes(environ, "APPROVAL"),
        network=environ.get("TASK_NETWORK") or "lantern_default",
        project=environ.get("PROJECT") or "lantern",
        registry=environ.get("ECR_REGISTRY") or "127.0.0.1:4566",
        logs_address=environ.get("LOGS_ADDRESS") or "127.0.0.1:24224",
        aws_url=environ.get("AWS_ENDPOINT_URL") or "http://aws:4566",
        xray_url=environ.get("XRAY_URL") or "http://xray:2000",
        own_url=environ.get("OWN_URL") or "http://pipeline:4567",
        trace_url=environ.get("TRACE_URL") or "http://127.0.0.1:8000/traces/{trace_id}",
        build_image=environ.get("BUILD_IMAGE") or "lantern-pipeline",
    )


def scale(environ: Mapping[str, str]) -> float:
    """TIME_SCALE; raises SettingsError."""
    text = environ.get("TIME_SCALE") or f"{DEFAULT_SCALE:g}"
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= MOST:
        raise SettingsError(
            f"TIME_SCALE={text!r}: expected how many simulated seconds pass in one, from 1 to {MOST:g}"
        )
    return value


def _port(environ: Mapping[str, str], name: str, default: str) -> int:
    text = environ.get(name) or default
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise SettingsError(f"{name}={text!r}: expected a port")
    return int(text)


def _yes(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name) or "no"
    if text not in ("yes", "no"):
        raise SettingsError(f"{name}={text!r}: expected yes or no")
    return text == "yes"
