"""Forms for the shop's /faults; there is no such page where the console knows no shop."""

import time
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from console.faults import choices
from console.faults.shop import Shop
from console.shared import forms
from console.shared.errors import NotFound

routes = Blueprint("faults", __name__)


@routes.get("/faults")
def show() -> str:
    """Show what each service injects, and a form to change it."""
    states = _shop().states(fresh_s=1.0)
    return render_template(
        "faults/faults.html", states=states, fault_choices=choices.of(states), active=choices.active(states)
    )


@routes.post("/faults/on")
def switch_on() -> Any:
    """Switch the fault that `choice` names on, for `minutes`."""
    key, shop = forms.required(request.form, "choice"), _shop()
    choice = next((entry for entry in choices.of(shop.states(fresh_s=1.0)) if entry.key == key), None)
    if choice is None:
        raise NotFound(f"No service offers the fault {key}.")
    percent = forms.number(request.form, "percent", 0, 100) if request.form.get("percent") else 0
    ends_at = time.time() + 60 * forms.number(request.form, "minutes", 0.1, 1440)
    shop.switch_on(
        choice.bearers, {"name": choice.name, "percent": percent or choice.percent, "ends_at": ends_at}
    )
    return redirect(url_for("faults.show"))


@routes.post("/faults/off")
def switch_off() -> Any:
    """End the fault `name` wherever it is on."""
    _shop().switch_off(forms.required(request.form, "name"))
    return redirect(url_for("faults.show"))


@routes.post("/faults")
def switch() -> Any:
    """Set what `service` injects; zero in all fields switches its faults off."""
    service, form = forms.required(request.form, "service"), request.form
    if not _shop().knows(service):
        raise NotFound(f"There is no service {service}.")
    _shop().switch(
        service,
        {
            "latency_ms": forms.whole(form, "latency_ms", 0, 60_000),
            "latency_share": forms.number(form, "latency_percent", 0, 100) / 100,
            "error_share": forms.number(form, "error_percent", 0, 100) / 100,
        },
    )
    return redirect(url_for("faults.show"))


def _shop() -> Shop:
    shop: Shop = current_app.extensions["shop"]
    if not shop.is_configured:
        raise NotFound("Faults are switched on the laptop only: this console knows no shop.")
    return shop
