"""A lab that needs Docker sees that the shop runs in containers."""

import pytest

from labs.course import find
from labs.runner import Runner
from labs.settings import Settings


@pytest.mark.parametrize(
    ("is_up", "status", "expected"),
    [
        (False, "", [("up", {"MODE": "containers"})]),
        (True, "Lantern runs as containers:\n", []),
        (True, "Lantern runs as processes:\n", [("down", {}), ("up", {"MODE": "containers"})]),
    ],
)
def test_the_shop_is_opened_in_containers(monkeypatch, tmp_path, is_up, status, expected):
    commands = []
    monkeypatch.setattr("labs.shop.Shop.is_up", lambda self: is_up)
    monkeypatch.setattr("labs.local_commands.status", lambda: status)
    monkeypatch.setattr(
        "labs.local_commands.stack", lambda command, **variables: commands.append((command, variables))
    )

    Runner(Settings(folder=tmp_path), lambda line: None)._open_shop(find("09"))

    assert commands == expected
