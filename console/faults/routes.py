"""Forms for the shop's /faults; there is no such page where the console knows no shop."""

from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from console.faults.shop import Shop
from console.shared import forms
from console.shared.errors import NotFound

routes = Blueprint("faults", __name__)


@routes.get("/faults")
def show() -> str:
    """Show what each service injects, and a form to change it."""
    return render_template("faults/faults.html", states=_shop().states(fresh_s=1.0))


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
