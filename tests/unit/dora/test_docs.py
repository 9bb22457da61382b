"""docs/dora.md lists what the code takes."""

import re
from pathlib import Path

import pytest

from dora import command_line
from dora.readers import csv_files, lantern_events
from dora.records import STATUSES

PAGE = (Path(__file__).parents[3] / "docs/dora.md").read_text()


@pytest.mark.parametrize(
    ("file", "columns"),
    [
        ("deployments", csv_files.DEPLOYMENTS),
        ("commits", csv_files.COMMITS),
        ("incidents", csv_files.INCIDENTS),
    ],
)
def test_the_page_lists_the_columns_and_which_are_needed(file, columns):
    section = PAGE.partition(f"`{file}.csv`, what" if file == "commits" else f"\n`{file}.csv`")[2]
    table = section.partition("| --- |")[2].partition("\n\n")[0]

    rows = {name: needed == "yes" for name, needed in re.findall(r"^\| `(\w+)` \| (\w*) ?\|", table, re.M)}

    assert rows == columns


def test_the_page_lists_the_statuses():
    assert all(f"`{status}`" in PAGE for status in STATUSES)


def test_the_page_names_every_option():
    known = {option for action in command_line.parser()._actions for option in action.option_strings}

    assert set(re.findall(r"--[a-z][a-z-]+", PAGE)) >= known - {"-h", "--help"} - {"--json", "--html"}
    assert set(re.findall(r"`(--[a-z][a-z-]+)", PAGE)) <= known


def test_the_page_lists_the_keys_of_our_own_envelopes():
    rows = dict(re.findall(r"^\| `(\w+ Record)` \| (.*) \|$", PAGE, re.M))
    source = Path(lantern_events.__file__).read_text()
    read = set(re.findall(r'detail, "(\w+)"|detail\.get\("(\w+)"\)', source))

    listed = {key for row in rows.values() for key in re.findall(r"`(\w+)`", row)}

    assert listed == {next(filter(None, groups)) for groups in read}


def test_the_page_gives_the_defaults_of_the_options():
    defaults = {action.option_strings[-1]: action.default for action in command_line.parser()._actions}
    rows = dict(re.findall(r"^\| `(--[a-z-]+)` \| `(\w+)` \|", PAGE, re.M))

    for option, documented in rows.items():
        default = defaults[option]
        assert documented == (f"{default:g}" if isinstance(default, float) else default)
