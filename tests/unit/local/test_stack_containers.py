import os
from types import SimpleNamespace

import pytest

from local.stack import containers
from local.stack.containers import removable
from local.stack.errors import NotUp

REPOSITORY = "127.0.0.1:4566/lantern/orders"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (f"{REPOSITORY} 0123456 sha256:abc 95cc7b6f8385", f"{REPOSITORY}:0123456"),
        (f"{REPOSITORY} <none> sha256:abc 95cc7b6f8385", f"{REPOSITORY}@sha256:abc"),
        (f"{REPOSITORY} <none> <none> 95cc7b6f8385", "95cc7b6f8385"),
    ],
)
def test_an_image_is_removed_by_the_name_that_it_has_here_and_no_other(line, name):
    assert removable(line) == name


@pytest.fixture(name="docker")
def _docker(tmp_path, monkeypatch):
    """A docker command that says these words and fails, once for each; then it succeeds."""

    def install(*failures):
        for number, words in enumerate(failures):
            (tmp_path / f"failure-{number}").write_text(words)
        command = tmp_path / "docker"
        command.write_text(
            f"#!/bin/sh\ncd {tmp_path}\nfirst=$(ls failure-* 2>/dev/null | head -n 1)\n"
            '[ -n "$first" ] || exit 0\ncat "$first" >&2\nrm "$first"\nexit 1\n'
        )
        command.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        monkeypatch.setattr(containers, "POLL_S", 0.01)
        site = SimpleNamespace(
            stack=SimpleNamespace(name="lantern"), environ={}, home=tmp_path, file=tmp_path / "compose.yml"
        )
        return containers.Containers(site), lambda: sorted(path.name for path in tmp_path.glob("failure-*"))

    return install


def test_a_container_that_is_removed_while_it_is_looked_at_is_asked_for_again(docker):
    engine, failures_left = docker(
        "Error response from daemon: No such container: 30386f1dfcc4",
        "Error response from daemon: removal of container 4c0c36b29c5e is already in progress",
    )

    assert engine.states() == []
    assert failures_left() == []


def test_any_other_failure_of_docker_is_told_at_once(docker):
    engine, failures_left = docker("permission denied", "permission denied")

    with pytest.raises(NotUp, match="permission denied"):
        engine.states()
    assert len(failures_left()) == 1
