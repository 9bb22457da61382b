"""The command line's options, and what they mean together."""

import argparse
from pathlib import Path

from dora.errors import InputError
from dora.parameters import COUNTS, HEADLINES, LINKS, Parameters

DESCRIPTION = "The five DORA metrics per service. docs/dora.md has the rules and the files' columns."


def parser() -> argparse.ArgumentParser:
    """Every option with its default in its help."""
    found = argparse.ArgumentParser(prog="python -m dora", description=DESCRIPTION, allow_abbrev=False)
    sources = found.add_argument_group("sources, which may be combined")
    sources.add_argument("--events", type=Path, action="append", default=[], metavar="FILE.jsonl")
    sources.add_argument("--aws", action="store_true", help="CodePipeline and CodeDeploy through boto3")
    sources.add_argument(
        "--csv", type=Path, metavar="FOLDER", help="deployments.csv, commits.csv, incidents.csv"
    )
    sources.add_argument("--git", type=Path, metavar="REPO", help="commits between live deployments")
    sources.add_argument("--pipeline", default="lantern", help="with --aws: its name (lantern)")
    sources.add_argument(
        "--alarms", default="", metavar="PREFIX", help="with --aws: alarms that are incidents"
    )
    sources.add_argument(
        "--time-scale", type=float, default=1.0, help="with --aws: how much a laptop hurries (1)"
    )
    window = found.add_argument_group("window, half-open, in UTC")
    window.add_argument("--since", default="30d", help="a length or an instant (30d)")
    window.add_argument("--until", default="now", help="an instant (now)")
    rules = found.add_argument_group("rules where tools differ")
    rules.add_argument("--count", choices=COUNTS, default="all", help="deployments: all that users saw (all)")
    rules.add_argument("--headline", choices=HEADLINES, default="median")
    rules.add_argument("--link", choices=LINKS, default="time", help="incidents: by id only, or then by time")
    rules.add_argument("--link-hours", type=float, default=24.0, help="longest time to blame by (24)")
    rules.add_argument(
        "--flap-minutes", type=float, default=5.0, help="an alarm back sooner was not over (5)"
    )
    rules.add_argument(
        "--shortest-incident-s", type=float, default=0.0, help="shorter alarms do not count (0)"
    )
    outputs = found.add_argument_group("outputs")
    outputs.add_argument("--explain", action="store_true", help="what is behind each figure")
    outputs.add_argument("--json", action="store_true", help="everything, as JSON")
    outputs.add_argument("--html", type=Path, metavar="FILE", help="also a page that needs nothing else")
    return found


def parameters(given: argparse.Namespace) -> Parameters:
    """Raises InputError naming the option."""
    if not (given.aws or given.events or given.csv):
        raise InputError(
            "no source: give --events FILE.jsonl, --csv FOLDER or --aws; --git adds commits to them"
        )
    lowest = {"link_hours": 0.0, "flap_minutes": 0.0, "shortest_incident_s": 0.0, "time_scale": 1.0}
    for name, least in lowest.items():
        value = getattr(given, name)
        if not least <= value < float("inf"):
            option = f"--{name.replace('_', '-')}"
            raise InputError(f"{option} {value}: expected a number of at least {least:g}")
    return Parameters(
        count=given.count,
        headline=given.headline,
        link=given.link,
        link_limit_s=given.link_hours * 3600,
        flap_gap_s=given.flap_minutes * 60,
        shortest_incident_s=given.shortest_incident_s,
    )
