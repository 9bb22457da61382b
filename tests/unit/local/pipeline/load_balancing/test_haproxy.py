import re
import subprocess
from collections import Counter

import pytest

from local.pipeline.architecture import read
from local.pipeline.clock import Clock
from local.pipeline.load_balancing.haproxy import configuration, frontend_name, map_file, map_lines


@pytest.fixture(name="architecture", scope="module")
def _architecture():
    return read()


def section(text, name):
    """A section's own lines."""
    return re.search(rf"^{name}\n((?: +.*\n)+)", text, re.MULTILINE)[1]


def test_every_listener_is_a_frontend_and_every_target_group_a_backend(architecture, tmp_path):
    text = configuration(architecture, Clock(60), tmp_path)

    assert len(re.findall("^frontend ", text, re.MULTILINE)) == len(architecture.listeners()) == 6
    assert len(re.findall("^backend ", text, re.MULTILINE)) == len(architecture.target_groups()) == 6
    for listener in architecture.listeners():
        assert f"bind :{listener.port}\n" in section(text, f"frontend {frontend_name(listener.name)}")


def test_a_target_group_is_checked_as_the_template_says_with_the_time_scale_applied(architecture, tmp_path):
    text = section(configuration(architecture, Clock(10), tmp_path), "backend lantern-orders-green")

    assert "http-check send meth GET uri /healthz" in text
    assert "http-check expect status 200\n" in text
    assert "default-server inter 1000ms rise 2 fall 3 check" in text
    assert "timeout check 5000ms" in text


def test_health_checks_are_never_more_frequent_than_a_laptop_can_bear(architecture, tmp_path):
    text = section(configuration(architecture, Clock(600), tmp_path), "backend lantern-orders-green")

    assert "inter 500ms" in text


@pytest.mark.parametrize(
    "weights",
    [{"blue": 100}, {"green": 10, "blue": 90}, {"green": 50, "blue": 50}, {"green": 100, "blue": 0}],
)
def test_a_listeners_map_has_a_line_for_each_percent_of_its_weights(weights):
    lines = [line.split() for line in map_lines(weights)]

    assert [number for number, _ in lines] == [str(number) for number in range(100)]
    assert Counter(name for _, name in lines) == {name: weight for name, weight in weights.items() if weight}


@pytest.mark.requires("haproxy")
def test_haproxy_accepts_the_whole_configuration(architecture, tmp_path):
    for listener in architecture.listeners():
        map_file(listener.name, tmp_path).write_text("\n".join(map_lines({"any": 100})))
    file = tmp_path / "haproxy.cfg"
    file.write_text(configuration(architecture, Clock(60), tmp_path))

    checked = subprocess.run(
        ["haproxy", "-c", "-f", file], capture_output=True, text=True, timeout=30, check=False
    )

    assert checked.returncode == 0, checked.stderr + checked.stdout
    assert "WARNING" not in checked.stderr, checked.stderr
