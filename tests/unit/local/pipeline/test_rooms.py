"""The rehearsal's page has a map of the pipeline's rooms."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[4]
PIPELINE = ROOT / "local" / "pipeline"


def test_the_map_names_every_room_and_only_modules_that_exist():
    page = (ROOT / "docs" / "rehearsal.md").read_text()
    rows = re.findall(r"^\| `(\w+)/` \| .* \| (.*) \|$", page, re.MULTILINE)

    assert {room for room, _ in rows} == {path.parent.name for path in PIPELINE.glob("*/__init__.py")}
    missing = [
        f"{room}/{module}"
        for room, modules in rows
        for module in re.findall(r"`([\w.]+)`", modules)
        if not (PIPELINE / room / module).is_file()
    ]
    assert missing == []
