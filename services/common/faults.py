"""/faults: switch latency and errors on in a running service, to see what they do to traces and alarms."""

import random
import time
from typing import Any

from flask import Blueprint, Flask, current_app, g, request
from pydantic import BaseModel, Field

from services.common.health import OPERATIONAL_ROUTES
from services.common.openapi import Input, answers, describe
from services.common.problems import Problem

routes = Blueprint("faults", __name__)


class Faults(Input):
    """The faults that are injected into this service's own routes; operational routes stay as they are."""

    latency_ms: int = Field(
        default=0, ge=0, le=60_000, description="added to a request before it is served, ms"
    )
    latency_share: float = Field(
        default=1.0, ge=0, le=1, strict=False, description="share of requests that are slowed"
    )
    error_share: float = Field(
        default=0.0, ge=0, le=1, strict=False, description="share of requests answered with 500"
    )


class FaultsDisabled(BaseModel):
    """The answer of a service that was started without FAULTS=on."""

    enabled: bool = False


class InjectedFault(Problem):
    """An error that somebody switched on at /faults."""

    status, code, title = 500, "injected-fault", "Injected fault"


def init_app(app: Flask) -> None:
    """Offer /faults and inject what is set there; without FAULTS=on it says that it is disabled."""
    if not app.extensions["settings"].faults:
        app.add_url_rule("/faults", view_func=show_disabled)
        return
    app.extensions["faults"] = Faults()
    app.register_blueprint(routes)
    app.before_request(_inject)


def are_on() -> bool:
    """Whether a fault is being injected now."""
    return bool(current_app.extensions.get("faults", Faults()) != Faults())


def _inject() -> None:
    faults: Faults = current_app.extensions["faults"]
    if request.path in OPERATIONAL_ROUTES or request.path.startswith("/static/"):
        return
    if faults.latency_ms and random.random() < faults.latency_share:  # noqa: S311  not a secret
        time.sleep(faults.latency_ms / 1000)
    if random.random() < faults.error_share:  # noqa: S311
        g.exception = InjectedFault("This error was asked for at /faults; DELETE /faults ends it.")
        raise g.exception


@routes.get("/faults")
@describe(resp=answers(HTTP_200=Faults))
def show() -> Faults:
    """The faults that are injected at present."""
    faults: Faults = current_app.extensions["faults"]
    return faults


@routes.put("/faults")
@describe(json=Faults, resp=answers(HTTP_200=Faults, problems=(400, 413, 415)))
def replace(json: Faults) -> Faults:
    """Replace the faults as a whole; a fault that is not named is switched off."""
    current_app.extensions["faults"] = json
    return json


@routes.delete("/faults")
@describe(resp=answers(HTTP_200=Faults))
def clear() -> Any:
    """Switch all faults off."""
    current_app.extensions["faults"] = Faults()
    return show()


@describe(resp=answers(HTTP_200=FaultsDisabled))
def show_disabled() -> FaultsDisabled:
    """That this service injects no faults, because it was started without FAULTS=on."""
    return FaultsDisabled()
