import ast
import re
import sys
from pathlib import Path

import pytest

from labs.course import exercises, find, rendered
from labs.errors import Refused
from labs.lab import Question

ROOT = Path(__file__).parents[3]
LABS = [pytest.param(exercise, id=exercise.folder.name) for exercise in exercises()]


@pytest.mark.parametrize("exercise", LABS)
def test_each_step_has_its_section_and_each_lab_its_solution(exercise):
    tasks = exercise.tasks()

    assert len(tasks) == len(exercise.lab.steps)
    assert all(task.text for task in tasks)
    assert len({step.name for step in exercise.lab.steps}) == len(tasks)
    assert (exercise.folder / "solution.md").read_text().startswith("# ")


@pytest.mark.parametrize("exercise", LABS)
def test_a_question_says_how_it_is_answered(exercise):
    for task, step in zip(exercise.tasks(), exercise.lab.steps, strict=True):
        assert ("make answer VALUE=" in task.text) == isinstance(step, Question), task.title


@pytest.mark.parametrize("exercise", LABS)
def test_the_page_says_title_minutes_and_docker_as_the_lab_does(exercise):
    lab = exercise.lab
    docker = "yes" if lab.needs_docker else "no"

    assert exercise.text.startswith(f"# {lab.title}\n")
    assert f"**Minutes:** {lab.minutes} · **Docker:** {docker} · **On an account:** " in exercise.text


@pytest.mark.parametrize("exercise", LABS)
def test_a_lab_imports_the_framework_and_no_stand_in(exercise):
    tree = ast.parse((exercise.folder / "lab.py").read_text())
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    allowed = {"labs", "requests", *sys.stdlib_module_names}

    foreign = {name for name in modules if name.split(".")[0] not in allowed}
    assert foreign <= {"local.diagnosis.traces", "local.diagnosis.fingerprints", "local.diagnosis.evidence"}


def test_the_labs_page_lists_each_lab_with_its_title_and_minutes():
    rows = re.findall(
        r"^\| (\d\d) \| \[(.*)\]\((.*)/README.md\) \| (\d+) \|", (ROOT / "labs/README.md").read_text(), re.M
    )

    assert rows == [
        (exercise.number, exercise.lab.title, exercise.folder.name, str(exercise.lab.minutes))
        for exercise in exercises()
    ]


@pytest.mark.parametrize("key", ["1", "01", "01-service-map", "service-map"])
def test_a_lab_is_named_in_any_of_these_ways(key):
    assert find(key).folder.name == "01-service-map"


def test_a_wrong_name_is_told_with_the_nearest():
    with pytest.raises(Refused, match=r"LAB=servce-map: expected one of 00, .* Did you mean service-map\?"):
        find("servce-map")


def test_a_page_gets_the_facts_and_addresses_of_the_attempt():
    text = "buy <sku> at http://127.0.0.1:8080/api, not <nothing>"

    page = rendered(text, {"sku": "lamp"}, {"http://127.0.0.1:8080": "http://127.0.0.1:9"})

    assert page == "buy lamp at http://127.0.0.1:9/api, not <nothing>"
