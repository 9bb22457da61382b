"""/healthz, /readyz and /version: alive, ready to serve, and which build this is."""

from collections.abc import Callable, Mapping

from flask import Blueprint, Flask, current_app
from pydantic import BaseModel

from services.common.openapi import answers, describe

routes = Blueprint("health", __name__)


class Alive(BaseModel):
    """The process answers."""

    status: str


class Ready(BaseModel):
    """Each dependency by name, `ok` or `down`."""

    status: str
    dependencies: dict[str, str]


class Version(BaseModel):
    """Which build answers."""

    service: str
    version: str
    commit: str


def init_app(app: Flask) -> None:
    """Offer the three routes; the service puts its dependencies in with `depends_on`."""
    app.extensions["dependencies"] = {}
    app.register_blueprint(routes)


def depends_on(app: Flask, checks: Mapping[str, Callable[[], bool]]) -> None:
    """Name what /readyz asks; a check returns whether its dependency answers."""
    app.extensions["dependencies"].update(checks)


@routes.get("/healthz")
@describe(resp=answers(HTTP_200=Alive))
def healthz() -> Alive:
    """Alive; asks nobody."""
    return Alive(status="ok")


@routes.get("/readyz")
@describe(resp=answers(HTTP_200=Ready, HTTP_503=Ready))
def readyz() -> tuple[Ready, int, dict[str, str]]:
    """Ready, or 503; names each dependency."""
    checks: Mapping[str, Callable[[], bool]] = current_app.extensions["dependencies"]
    found = {name: "ok" if answers() else "down" for name, answers in checks.items()}
    ready = all(state == "ok" for state in found.values())
    state = Ready(status="ready" if ready else "not ready", dependencies=found)
    return (state, 200, {}) if ready else (state, 503, {"Retry-After": "1"})


@routes.get("/version")
@describe(resp=answers(HTTP_200=Version))
def version() -> Version:
    """Which service, version and commit answers."""
    settings = current_app.extensions["settings"]
    return Version(service=current_app.name, version=settings.version, commit=settings.commit)
