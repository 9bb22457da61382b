"""What the images' Dockerfiles share, word for word: Docker can't include one file in another."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILES = (
    "services/Dockerfile",
    "console/Dockerfile",
    "local/Dockerfile",
    "local/pipeline/Dockerfile",
    "local/traffic/Dockerfile",
)
HAS_ROOT = {"local/pipeline/Dockerfile"}  # it speaks to the Docker engine
ENVIRONMENT = ("PATH=/venv/bin:$PATH", "HOME=/tmp", "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1")


def instructions(name: str) -> list[str]:
    """The instructions of a Dockerfile without comments, each on one line."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / name).read_text(), flags=re.M)
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    return [line.strip() for line in joined.splitlines() if line.strip()]


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_base_image_can_be_given_and_is_used_twice(name: str) -> None:
    first, dependencies, *later = instructions(name)

    assert first == "ARG BASE_IMAGE=public.ecr.aws/docker/library/python:3.13-slim"
    assert dependencies == "FROM ${BASE_IMAGE} AS dependencies"
    assert "FROM ${BASE_IMAGE}" in later


@pytest.mark.parametrize("name", DOCKERFILES)
def test_packages_are_installed_with_hashes_and_without_building(name: str) -> None:
    (install,) = [line for line in instructions(name) if "python3 -m pip " in line]
    options, *requirements = install.split(" --requirement ")

    assert options == (
        "RUN python3 -m venv --without-pip /venv "
        "&& python3 -m pip --python /venv/bin/python3 install --no-cache-dir --disable-pip-version-check "
        "--require-hashes --only-binary :all:"
    )
    assert requirements
    assert f"COPY {' '.join(f'requirements/{Path(path).name}' for path in requirements)} /tmp/" in (
        instructions(name)
    )


@pytest.mark.parametrize("name", sorted(set(DOCKERFILES) - HAS_ROOT))
def test_the_environment_and_the_user_are_the_same(name: str) -> None:
    lines = instructions(name)
    environment = next(line for line in lines if line.startswith("ENV PATH=")).split()[1:]

    assert tuple(environment[: len(ENVIRONMENT)]) == ENVIRONMENT
    assert "USER 10001:10001" in lines


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_last_instructions_say_which_version_the_image_is(name: str) -> None:
    """Last, because they change with every commit and everything above should come from the cache."""
    lines = instructions(name)
    last = lines[lines.index("ARG SERVICE_VERSION=dev") :]
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', last[-1]))

    assert last[1] == "ARG SERVICE_COMMIT=unknown"
    assert last[-1].startswith("LABEL ")
    assert set(last[2:-1]) <= {"ENV SERVICE_VERSION=${SERVICE_VERSION} SERVICE_COMMIT=${SERVICE_COMMIT}"}
    assert labels.pop("title").startswith("lantern-")
    assert labels.pop("description")
    assert labels == {
        "licenses": "MIT",
        "version": "${SERVICE_VERSION}",
        "revision": "${SERVICE_COMMIT}",
    }


def test_every_dockerfile_that_makes_an_image_of_the_product_is_compared() -> None:
    with_versions = {
        str(path.relative_to(ROOT))
        for folder in ("services", "console", "local")
        for path in (ROOT / folder).rglob("Dockerfile")
        if "SERVICE_VERSION" in path.read_text()
    }

    assert with_versions == set(DOCKERFILES)
