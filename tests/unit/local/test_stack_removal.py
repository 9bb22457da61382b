"""What `make reset` and `make clean` take away where there is no Docker, and what they leave."""

import sys

import pytest

from local.processes.compose import Service, Stack
from local.stack import removal
from local.stack.errors import Refused
from local.stack.site import Site
from local.stack.sizes import megabytes, size_of


@pytest.fixture(name="site")
def _site(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))  # no docker
    home = tmp_path / "home"
    for name in ("state/aws-state/tables.json", "state/home/.cache", "logs/orders.log", "history.jsonl"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("x" * 1000)
    stack = Stack("lantern", {"aws": Service("aws", (), volumes={"/state": "aws-state"})})
    return Site(tmp_path / "docker-compose.yml", home, {}, stack)


def test_reset_removes_the_state_and_leaves_logs_of_programs(site):
    assert removal.remove_state(site) == ""

    assert sorted(path.name for path in site.home.rglob("*")) == ["logs", "orders.log"]


def test_clean_removes_all_and_says_how_much(site):
    lines = removal.remove_everything(site)

    assert lines == [f"      0.0 MB  {site.home}"]
    assert not site.home.exists()


def test_clean_leaves_what_others_keep_in_the_same_folder(site):
    (site.home / "notes.txt").write_text("of a trainer")
    (site.home / "state" / "other").mkdir()

    removal.remove_everything(site)

    assert sorted(path.name for path in site.home.rglob("*")) == ["notes.txt", "other", "state"]


@pytest.mark.parametrize(("answer", "agrees"), [("y", True), ("YES", True), ("", False), ("no", False)])
def test_reset_asks_on_a_terminal(site, monkeypatch, answer, agrees):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: answer)

    if agrees:
        removal.require_consent(site)
    else:
        with pytest.raises(Refused, match="Nothing was removed"):
            removal.require_consent(site)


def test_reset_without_a_terminal_names_the_variable_that_agrees(site, monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    with pytest.raises(Refused, match="make reset YES=1"):
        removal.require_consent(site)

    site.environ["YES"] = "1"
    removal.require_consent(site)


@pytest.mark.parametrize(
    ("text", "size"), [("81.84MB", 81_840_000), ("231.6kB", 231_600), ("1.041GB", 1_041_000_000), ("0B", 0)]
)
def test_sizes_are_read_as_docker_writes_them(text, size):
    assert size_of(text) == pytest.approx(size)


def test_what_has_no_size_has_none():
    assert size_of("N/A") == 0
    assert megabytes(1_234_567_890) == "1,234.6 MB"
