"""`make aws`: which words and addresses the ordinary command line gets."""

from pathlib import Path

import pytest

from local.stack import aws_cli
from local.stack.errors import Refused
from local.stack.site import find

FILE = Path(__file__).parents[3] / "docker-compose.yml"


@pytest.fixture(name="site")
def _site():
    site = find(FILE)
    site.environ.pop("CALL", None)
    return site


@pytest.mark.parametrize(
    "call", ["logs tail '/lantern/orders' --since 5m", "aws logs tail /lantern/orders --since 5m"]
)
def test_words_are_parted_as_a_shell_does(call):
    assert aws_cli.words(call) == ["logs", "tail", "/lantern/orders", "--since", "5m"]


def test_a_call_that_no_shell_could_read_is_refused_with_an_example():
    with pytest.raises(Refused, match='CALL="dynamodb list-tables"'):
        aws_cli.words("logs tail '/lantern")


def test_without_a_call_a_shell_learns_the_addresses_and_nothing_else(site, capsys):
    aws_cli.call_or_explain(site)

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("# ")
    assert all(line.startswith("export ") for line in lines[1:])
    assert "export AWS_ENDPOINT_URL_XRAY=http://127.0.0.1:2000" in lines
    assert "export AWS_ENDPOINT_URL_CODEDEPLOY=http://127.0.0.1:4567" in lines


def test_a_call_is_made_with_credentials_of_the_laptop_and_no_profile(site, monkeypatch):
    called = []
    monkeypatch.setattr(aws_cli.os, "execve", lambda *arguments: called.append(arguments))
    monkeypatch.setenv("AWS_PROFILE", "production")
    site.environ["CALL"] = "dynamodb list-tables"

    aws_cli.call_or_explain(site)

    ((program, command, environ),) = called
    assert program.endswith("/bin/aws")
    assert command[1:] == ["dynamodb", "list-tables"]
    assert environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert "AWS_PROFILE" not in environ
