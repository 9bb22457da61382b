"""What the pages say is there: Make targets, links, operations, settings."""

import re
from pathlib import Path

import botocore.session
import pytest

from infra.operations import cost
from infra.operations.settings import Parameters
from infra.shop import STACKS
from local.awsapi.operations import load
from local.rehearsal import commits
from local.xray import operations
from local.xray.settings import Settings
from settings import variables

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "services/*.md", "infra/*/*.md", "labs/*.md", "labs/*/*.md")
    for path in ROOT.glob(pattern)
)
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M))
X_RAY = (ROOT / "docs/x-ray.md").read_text()


def code_in(text):
    return "\n".join([*re.findall(r"```sh\n(.*?)```", text, re.S), *re.findall(r"`([^`\n]+)`", text)])


def test_every_make_target_is_in_a_page():
    shown = {name for page in PAGES for name in re.findall(r"make ([a-z-]+)", code_in(page.read_text()))}

    assert shown == TARGETS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text())

    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_the_x_ray_page_lists_the_operations_and_all_are_there():
    rows = re.findall(r"^\| ([A-Z][A-Za-z, ]+) \|", X_RAY, re.M)
    model = botocore.session.get_session().get_service_model("xray")

    assert sorted(", ".join(rows).split(", ")) == sorted(model.operation_names)
    assert sorted(operations.load(None)) == sorted(model.operation_names)


@pytest.mark.parametrize(
    ("service", "name"), [("codepipeline", "CodePipeline"), ("codedeploy", "CodeDeploy")]
)
def test_the_rehearsals_page_lists_the_operations_that_are_there(service, name):
    text = (ROOT / "docs/rehearsal.md").read_text()
    row = re.search(rf"^\| {name} \| (.*) \|$", text, re.M)[1]

    assert row.split(", ") == sorted(load(f"local.pipeline.{service}.operations", None))


def test_the_rehearsals_page_lists_every_prepared_release_and_each_has_its_patch():
    listed = re.findall(r"^\| `([a-z-]+)` \| ", (ROOT / "docs/rehearsal.md").read_text(), re.M)
    patches = {path.stem for path in commits.PATCHES.glob("*.patch")}

    assert [name for name in listed if name in commits.RELEASES] == list(commits.RELEASES)
    assert patches == commits.RELEASES.keys() - {commits.GOOD}


def test_the_x_ray_page_lists_the_settings_and_their_defaults():
    rows = set(re.findall(r"^\| `((?:XRAY|OTLP|AWS)_\w+)` \| (?:`([^`]*)`|none) \| (.*) \|$", X_RAY, re.M))

    assert rows == {
        (variable.name, str(variable.default), variable.help) for variable in variables(Settings).values()
    }


def test_the_aws_page_lists_the_variables_of_make_deploy():
    rows = re.findall(r"^\| (`[A-Z][^|]*) \|", (ROOT / "docs/aws.md").read_text(), re.M)

    assert re.findall(r"`(\w+)`", " ".join(rows)) == [
        variable.name for variable in variables(Parameters).values()
    ]


def test_the_aws_page_says_what_a_day_costs():
    """Rounded as the page does, so that the figure can't rot."""
    figures = re.search(
        r"about ([\d.]+) USD a day, ([\d.]+) with `EGRESS=nat`", (ROOT / "docs/aws.md").read_text()
    )
    sums = [sum(line.usd_a_day for line in cost.bill(parameters)) for parameters in ({}, {"Egress": "nat"})]

    assert [f"{total:.1f}" for total in sums] == list(figures.groups())


def test_the_aws_page_lists_the_stacks_in_their_order():
    rows = re.findall(r"^\| (`lantern-[^|]*) \|", (ROOT / "docs/aws.md").read_text(), re.M)
    named = re.findall(r"`(?:lantern)?-(\w+)`", " ".join(rows))

    assert named == list(STACKS)


def test_the_map_in_contributing_has_ten_questions_and_names_files_that_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    answers = re.findall(r"^\| (?!to change|---).* \| (.+) \|$", text, re.M)

    paths = [path for answer in answers for path in re.findall(r"`([^`]+)`", answer)]

    assert len(answers) == 10
    assert [path for path in paths if not (ROOT / path).is_file()] == []
