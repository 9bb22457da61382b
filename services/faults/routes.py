"""/faults: which faults this service can bear, and which are on."""

import time

from flask import Blueprint, current_app
from pydantic import BaseModel

from services.common import task
from services.common.openapi import answers, describe
from services.common.problems import FieldError, InvalidInput
from services.faults.injected import LONGEST_S, NOTHING, Fault, Faults, Injected
from services.faults.kinds import KINDS

routes = Blueprint("faults", __name__)


class Offer(BaseModel):
    """A fault that this service can bear; `by_default`: also when nobody says which service shall."""

    name: str
    summary: str
    percent: float
    by_default: bool
    sku: str


class FaultsOfService(Faults):
    """What is on, and what could be."""

    offers: list[Offer]


@routes.get("/faults")
@describe(resp=answers(HTTP_200=FaultsOfService))
def show() -> FaultsOfService:
    """The faults that are injected at present, and those that could be."""
    return _view()


@routes.put("/faults")
@describe(json=Faults, resp=answers(HTTP_200=FaultsOfService, problems=(400, 413, 415)))
def replace(json: Faults) -> FaultsOfService:
    """Replace the faults as a whole; a fault that is not named is switched off."""
    faults = [_completed(n, fault) for n, fault in enumerate(json.faults)]
    if len({fault.name for fault in faults}) < len(faults):
        raise InvalidInput(FieldError("faults", "expected each name once"))
    _injected().replace(json.model_copy(update={"faults": faults}))
    return _view()


@routes.delete("/faults")
@describe(resp=answers(HTTP_200=FaultsOfService))
def clear() -> FaultsOfService:
    """Switch all faults off."""
    _injected().replace(NOTHING)
    return _view()


def _view() -> FaultsOfService:
    return FaultsOfService(**_injected().state().model_dump(), offers=_offers())


def _injected() -> Injected:
    injected: Injected = current_app.extensions["faults"]
    return injected


def _offers() -> list[Offer]:
    return [
        Offer(
            name=name,
            summary=kind.summary,
            percent=kind.percent,
            by_default=current_app.name in kind.by_default,
            sku=kind.sku,
        )
        for name, kind in KINDS.items()
        if current_app.name in kind.bearers and (task.current() or not kind.is_of_task)
    ]


def _completed(n: int, fault: Fault) -> Fault:
    """The fault with what its kind says where the caller said nothing. Raises InvalidInput."""
    names = [offer.name for offer in _offers()]
    if fault.name not in names:
        raise InvalidInput(FieldError(f"faults[{n}].name", f"expected one of {', '.join(names)}"))
    if fault.ends_at > time.time() + LONGEST_S:
        raise InvalidInput(FieldError(f"faults[{n}].ends_at", "expected a time within the next 24 hours"))
    kind = KINDS[fault.name]
    return fault.model_copy(update={"percent": fault.percent or kind.percent, "sku": fault.sku or kind.sku})
