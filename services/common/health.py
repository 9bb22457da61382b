"""/healthz, /readyz and /version: alive, ready to serve, and which build this is."""

from collections.abc import Callable, Mapping

from flask import Blueprint, Flask, current_app
from pydantic import BaseModel

from services.common.openapi import answers, describe

routes = Blueprint("health", __name__)
# asked by those who run the service, not by those who use it: not traced, and no fault is injected there
OPERATIONAL_ROUTES = ("/healthz", "/readyz", "/version", "/faults", "/openapi.json")


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
    """Offer the three routes; the service names its dependencies with `depends_on`."""
    app.extensions["dependencies"] = {}
    app.register_blueprint(routes)


def depends_on(app: Flask, checks: Mapping[str, Callable[[], bool]]) -> None:
    """Let /readyz report these dependencies; a check returns whether its dependency answers."""
    app.extensions["dependencies"].update(checks)


@routes.get("/healthz")
@describe(resp=answers(HTTP_200=Alive))
def healthz() -> Alive:
    """Whether the process is alive; asks no dependency."""
    return Alive(status="ok")


@routes.get("/readyz")
@describe(resp=answers(HTTP_200=Ready, HTTP_503=Ready))
def readyz() -> tuple[Ready, int, dict[str, str]]:
    """Whether the service is ready, else 503; names the state of each dependency."""
    checks = current_app.extensions["dependencies"]
    dependencies = {name: "ok" if is_up() else "down" for name, is_up in checks.items()}
    if "down" in dependencies.values():
        return Ready(status="not ready", dependencies=dependencies), 503, {"Retry-After": "1"}
    return Ready(status="ready", dependencies=dependencies), 200, {}


@routes.get("/version")
@describe(resp=answers(HTTP_200=Version))
def version() -> Version:
    """The service, version and commit that answer."""
    settings = current_app.extensions["settings"]
    return Version(service=current_app.name, version=settings.version, commit=settings.commit)
