import re
import subprocess
from collections import Counter

import pytest

from local.pipeline.architecture import read
from local.pipeline.clock import Clock
from local.pipeline.load_balancing.haproxy import configuration, listener_name, map_lines


@pytest.fixture(name="architecture", scope="module")
def _architecture():
    return read()


def section(text, name):
    """A section's own lines."""
    return re.search(rf"^{name}\n((?: +.*\n)+)", text, re.MULTILINE)[1]


def test_every_listener_and_every_target_group_of_the_templates_is_there(architecture, tmp_path):
    text = configuration(architecture, Clock(60), tmp_path)

    assert len(re.findall("^frontend ", text, re.MULTILINE)) == len(architecture.listeners()) == 6
    assert len(re.findall("^backend ", text, re.MULTILINE)) == len(architecture.target_groups()) == 6
    for _, one in architecture.listeners():
        assert f"bind :{one.port}\n" in section(text, f"frontend {listener_name(one.name)}")


def test_a_target_group_is_checked_as_the_template_says_a_hurry_applied(architecture, tmp_path):
    text = section(configuration(architecture, Clock(10), tmp_path), "backend lantern-orders-green")

    assert "http-check send meth GET uri /healthz" in text
    assert "http-check expect status 200\n" in text
    assert "default-server inter 1000ms rise 2 fall 3 check" in text
    assert "timeout check 5000ms" in text


def test_targets_are_never_asked_so_often_that_a_laptop_has_nothing_else_to_do(architecture, tmp_path):
    text = section(configuration(architecture, Clock(600), tmp_path), "backend lantern-orders-green")

    assert "inter 500ms" in text


@pytest.mark.parametrize(
    "weights",
    [{"blue": 100}, {"green": 10, "blue": 90}, {"green": 50, "blue": 50}, {"green": 100, "blue": 0}],
)
def test_a_listeners_map_shares_its_hundredths_by_weight(weights):
    lines = [line.split() for line in map_lines(weights)]

    assert [number for number, _ in lines] == [str(number) for number in range(100)]
    assert Counter(name for _, name in lines) == {name: weight for name, weight in weights.items() if weight}


@pytest.mark.requires("haproxy")
def test_the_engine_accepts_the_whole_configuration(architecture, tmp_path):
    for _, one in architecture.listeners():
        (tmp_path / f"{listener_name(one.name)}.map").write_text("\n".join(map_lines({"any": 100})))
    file = tmp_path / "haproxy.cfg"
    file.write_text(configuration(architecture, Clock(60), tmp_path))

    checked = subprocess.run(
        ["haproxy", "-c", "-f", file], capture_output=True, text=True, timeout=30, check=False
    )

    assert checked.returncode == 0, checked.stderr + checked.stdout
    assert "WARNING" not in checked.stderr, checked.stderr
