"""The options of `python -m dora`."""

import argparse
from pathlib import Path

from dora.counting_rules import COUNTS, HEADLINES, LINKS, CountingRules
from dora.errors import InputError
from dora.readers.csv_formats import FORMATS

DESCRIPTION = "The five DORA metrics per service. docs/dora.md has the rules and the files' columns."
PERIODS = ("week", "month")


def parser() -> argparse.ArgumentParser:
    """The parser of the command line; each option's help ends with its default."""
    options = argparse.ArgumentParser(prog="python -m dora", description=DESCRIPTION, allow_abbrev=False)
    _add_sources(options)
    window = options.add_argument_group("window, half-open, in UTC")
    window.add_argument("--since", default="30d", help="a length, an instant, or `first` (30d)")
    window.add_argument("--until", default="now", help="an instant (now)")
    counting = options.add_argument_group("rules where tools differ")
    counting.add_argument(
        "--count", choices=COUNTS, default="all", help="deployments: all that users saw (all)"
    )
    counting.add_argument("--headline", choices=HEADLINES, default="median")
    counting.add_argument(
        "--link", choices=LINKS, default="time", help="incidents: by id only, or then by time"
    )
    counting.add_argument(
        "--link-hours",
        type=float,
        default=24.0,
        help="longest time to blame by, for incidents (24)",
    )
    counting.add_argument(
        "--alarm-minutes", type=float, default=15.0, help="longest time to blame by, for alarms (15)"
    )
    counting.add_argument(
        "--hotfix-branch",
        action="append",
        default=[],
        metavar="PATTERN",
        help="deployments of these branches are rework (hotfix/*)",
    )
    counting.add_argument(
        "--flap-minutes", type=float, default=5.0, help="an alarm back sooner was not over (5)"
    )
    counting.add_argument(
        "--shortest-incident-s", type=float, default=0.0, help="shorter alarms do not count (0)"
    )
    outputs = options.add_argument_group("outputs")
    outputs.add_argument("--explain", action="store_true", help="what is behind each figure")
    outputs.add_argument("--by", choices=PERIODS, help="the figures of each week or month beside each other")
    outputs.add_argument("--json", action="store_true", help="everything, as JSON")
    outputs.add_argument("--html", type=Path, metavar="FILE", help="also a page that needs nothing else")
    return options


def _add_sources(options: argparse.ArgumentParser) -> None:
    sources = options.add_argument_group("sources, which may be combined")
    sources.add_argument("--events", type=Path, action="append", default=[], metavar="FILE.jsonl")
    sources.add_argument("--aws", action="store_true", help="CodePipeline and CodeDeploy through boto3")
    sources.add_argument(
        "--csv", type=Path, metavar="FOLDER", help="deployments.csv, commits.csv, incidents.csv"
    )
    sources.add_argument("--git", type=Path, metavar="REPO", help="commits between live deployments")
    sources.add_argument("--sample", action="store_true", help="a made-up team's quarter, for a first look")
    sources.add_argument(
        "--format",
        default="lantern",
        help=f"with --csv: {', '.join(FORMATS)} (lantern)",
    )
    sources.add_argument(
        "--columns", default="", metavar="OURS=THEIRS,…", help="with --csv: what columns are called there"
    )
    sources.add_argument("--pipeline", default="lantern", help="with --aws: its name (lantern)")
    sources.add_argument(
        "--alarms", default="", metavar="PREFIX", help="with --aws: alarms that are incidents"
    )
    sources.add_argument(
        "--traces",
        action="store_true",
        help="with --alarms: X-Ray tells in which service requests fault first",
    )
    sources.add_argument(
        "--time-scale", type=float, default=1.0, help="with --aws: how much a laptop hurries (1)"
    )


def rules(options: argparse.Namespace) -> CountingRules:
    """The counting rules that the options ask for. Raises InputError naming the wrong option."""
    if not (options.aws or options.events or options.csv or options.sample):
        raise InputError(
            "no source: give --events FILE.jsonl, --csv FOLDER or --aws; --git adds commits to them. "
            "--sample shows a report of made-up figures"
        )
    lowest = {
        "link_hours": 0.0,
        "alarm_minutes": 0.0,
        "flap_minutes": 0.0,
        "shortest_incident_s": 0.0,
        "time_scale": 1.0,
    }
    for name, least in lowest.items():
        value = getattr(options, name)
        if not least <= value < float("inf"):
            option = f"--{name.replace('_', '-')}"
            raise InputError(f"{option} {value}: expected a number of at least {least:g}")
    return CountingRules(
        count=options.count,
        headline=options.headline,
        link=options.link,
        link_limit_s=options.link_hours * 3600,
        alarm_limit_s=options.alarm_minutes * 60,
        hotfix_branches=tuple(options.hotfix_branch) or CountingRules().hotfix_branches,
        flap_gap_s=options.flap_minutes * 60,
        shortest_incident_s=options.shortest_incident_s,
    )
