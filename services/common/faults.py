"""/faults of a service that injects none; with FAULTS=on the package `services.faults` is there instead."""

from flask import Flask, current_app
from pydantic import BaseModel

from services.common.openapi import answers, describe


class FaultsDisabled(BaseModel):
    """The answer of a service that was started without FAULTS=on."""

    enabled: bool = False


def init_app(app: Flask) -> None:
    """Answer GET /faults, and refuse to inject any."""
    app.extensions["faults"] = None
    app.add_url_rule("/faults", view_func=show_disabled)


def are_on() -> bool:
    """Whether a fault is being injected now."""
    injected = current_app.extensions["faults"]
    return injected is not None and injected.are_on()


@describe(resp=answers(HTTP_200=FaultsDisabled))
def show_disabled() -> FaultsDisabled:
    """That this service injects no faults, because it was started without FAULTS=on."""
    return FaultsDisabled()
