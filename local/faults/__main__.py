"""`python -m local.faults fault|diagnose|gameday`: the commands behind these Make targets.

Exit codes of `fault` and `gameday`: 0 done, or a right guess; 1 no answer; 2 refused; 3 a wrong guess.
Exit codes of `diagnose`: 0 nothing is wrong; 3 a fault was found; 2 it could not look.
"""

import argparse
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

from local.faults import diagnosing, gameday
from local.faults.bearers import Active, Bearers
from local.faults.errors import FaultError, NotThere, Refused
from local.faults.settings import Settings
from local.stack.errors import StackError
from local.stack.site import Site, find
from settings import SettingsError, load

FILE = Path(__file__).parents[2] / "docker-compose.yml"
SERVICES = ("storefront", "catalog", "orders")
PIPELINE_PORT = 4567
MYSTERY = "mystery"


def bearers_of(site: Site) -> Bearers:
    """Ask every part of the running shop what it bears. Raises NotThere."""
    addresses = {name: f"{site.address(name)}/faults" for name in SERVICES}
    pipeline = f"http://127.0.0.1:{site.environ.get('PIPELINE_PORT') or PIPELINE_PORT}"
    addresses["aws"] = f"{site.address('aws')}/_lantern/faults"
    return Bearers(addresses, tasks=f"{pipeline}/_lantern/faults")


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
        candidates = sorted(set(bearers.offers_to_shoppers()) - {active.name for active in bearers.active()})
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


def fault(site: Site, settings: Settings) -> int:
    """Do what the variables of `make fault` say; return the exit code."""
    bearers = bearers_of(site)
    if settings.guess:
        view = diagnosing.laptop(site)
        is_right, lines = diagnosing.guess(bearers, view, settings.guess, settings.since_s)
        print("\n".join(lines))
        return 0 if is_right else 3
    if settings.off:
        switch_off(bearers, settings)
    elif settings.name:
        switch_on(bearers, settings)
    else:
        show(bearers)
    return 0


def diagnose(site: Site, settings: Settings) -> int:
    """Say which faults fit, with their evidence; return the exit code."""
    view = diagnosing.account() if settings.account else diagnosing.laptop(site)
    is_well, lines = diagnosing.tell(view, settings.since_s)
    print("\n".join(lines))
    return 0 if is_well else 3


def play(site: Site, settings: Settings) -> int:
    """Break the shop in one way after the other; return the exit code."""
    gameday.play(
        site, bearers_of(site), diagnosing.laptop(site), settings, lambda line: print(line, flush=True)
    )
    return 0


def main() -> int:
    """Run the command that is named."""
    commands = {"fault": fault, "diagnose": diagnose, "gameday": play}
    parser = argparse.ArgumentParser(prog="python -m local.faults", description=__doc__)
    parser.add_argument("command", choices=commands)
    command = parser.parse_args().command
    try:
        site = find(FILE)
        return commands[command](site, load(Settings, site.environ))
    except (FaultError, StackError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1 if isinstance(error, NotThere) and command != "diagnose" else 2
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # make fault | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
