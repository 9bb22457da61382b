"""`python -m local.faults`: what `make fault` does. Its variables are in settings.py; without any it lists.

Exit codes: 0 done, 1 a part of the shop does not answer, 2 the command was refused.
"""

import os
import random
import sys
import time
from pathlib import Path
from typing import Any

from local.faults.bearers import Active, Bearers
from local.faults.errors import FaultError, NotThere, Refused
from local.faults.settings import Settings
from local.stack.errors import StackError
from local.stack.site import Site, find
from settings import SettingsError, load

FILE = Path(__file__).parents[2] / "docker-compose.yml"
SERVICES = ("storefront", "catalog", "orders")
MYSTERY = "mystery"


def bearers_of(site: Site) -> Bearers:
    """Ask every part of the running shop what it bears. Raises NotThere."""
    return Bearers({name: f"{site.address(name)}/faults" for name in SERVICES})


def show(bearers: Bearers) -> None:
    """Print what is on, and what could be."""
    active, plain = bearers.active(), bearers.plain()
    print("On at present:" if active or plain else "No fault is on.")
    for fault in active:
        print(f"  {_described(fault)}")
    for part, state in plain.items():
        print(f"  latency {state['latency_ms']} ms, errors {state['error_share']:.0%} at {part}")
    offers = bearers.offers()
    if not offers:
        bearers.require_enabled("Every fault")
    print("Faults: make fault NAME=… [ON=…] [PERCENT=…] [FOR=15m]")
    for offer in offers.values():
        where = " ".join((*offer.by_default, *(f"[{part}]" for part in offer.when_named)))
        print(f"  {offer.name:<23} {offer.percent:>3.0f} %  {where}")
        print(f"  {'':<23}        {offer.summary}")


def switch_on(bearers: Bearers, settings: Settings) -> None:
    """Switch a fault on. Raises Refused."""
    name, alias = settings.name, ""
    if name == MYSTERY:
        bearers.require_enabled(MYSTERY)
        candidates = sorted(bearers.offers().keys() - {active.name for active in bearers.active()})
        name = random.Random(settings.seed).choice(candidates)  # noqa: S311  to be repeatable
        alias = f"{MYSTERY}-{settings.seed}"
    chosen = bearers.choose(name, "" if alias else settings.on)
    fault: dict[str, Any] = {"name": name, "alias": alias}
    if settings.percent:
        fault["percent"] = settings.percent
    if settings.sku:
        fault["sku"] = settings.sku
    active = bearers.switch_on(chosen, fault, settings.lasts_s)
    print(f"On: {_described(active)}")
    print("make fault OFF=1 ends it")


def switch_off(bearers: Bearers, settings: Settings) -> None:
    """End the faults that OFF names. Raises Refused."""
    name = "" if settings.off == "1" else settings.off
    bearers.require_enabled("OFF")
    ended = bearers.switch_off(name)
    if name and not ended:
        on = ", ".join(active.shown_as for active in bearers.active()) or "none"
        raise Refused(f"OFF={name}: expected 1 or a fault that is on, which are: {on}")
    print(f"Ended: {', '.join(ended)}" if ended else "Every fault is off.")


def _described(fault: Active) -> str:
    ends = time.strftime("%H:%M:%S", time.localtime(fault.ends_at))
    if fault.shown_as != fault.name:
        return f"{fault.shown_as}, until {ends}"
    return f"{fault.name} at {' and '.join(fault.bearers)}, {fault.percent:g} %, until {ends}"


def main() -> int:
    """Do what the variables say."""
    try:
        site = find(FILE)
        settings = load(Settings, site.environ)
        bearers = bearers_of(site)
        if settings.off:
            switch_off(bearers, settings)
        elif settings.name:
            switch_on(bearers, settings)
        else:
            show(bearers)
    except (FaultError, StackError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1 if isinstance(error, NotThere) else 2
    except BrokenPipeError:  # make fault | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
