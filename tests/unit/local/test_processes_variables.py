"""`${VARIABLE:-default}` and `.env`, as Docker reads them."""

import pytest

from local.processes.variables import VariableError, fill, known, names_in, read_dotenv


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${PORT}", "80"),
        ("${PORT:-90}", "80"),
        ("${LACKING:-90}", "90"),
        ("${EMPTY:-90}", "90"),
        ("${LACKING}", ""),
        ("127.0.0.1:${PORT:-90}:${LACKING:-8080}/udp", "127.0.0.1:80:8080/udp"),
        ("cost: 5$$", "cost: 5$"),
        ("http://x/{trace_id}", "http://x/{trace_id}"),
    ],
)
def test_reference_is_filled_as_docker_does_it(text, expected):
    assert fill(text, {"PORT": "80", "EMPTY": ""}) == expected


def test_references_are_filled_inside_lists_and_mappings():
    filled = fill({"a": ["${X}", {"b": "${X}"}], "c": 1}, {"X": "x"})

    assert filled == {"a": ["x", {"b": "x"}], "c": 1}


@pytest.mark.parametrize("text", ["$PORT", "${PORT-90}", "${PORT:?why}", "${PORT", "a $ b"])
def test_reference_that_docker_reads_differently_is_refused(text):
    with pytest.raises(VariableError, match="only"):
        fill(text, {"PORT": "80"})


def test_names_in_finds_every_variable():
    assert names_in({"a": ["${X:-1}", "$$"], "b": {"c": "${Y}${Z:-}"}}) == {"X", "Y", "Z"}


def test_dotenv_knows_quotes_comments_and_export(tmp_path):
    file = tmp_path / ".env"
    lines = ["# a comment", "", "PLAIN=8080", "export EXPORTED=yes", "SINGLE='a # b'", 'DOUBLE="c d" # why']
    file.write_text("\n".join([*lines, "COMMENTED=x # why", "HASH=a#b", "EMPTY=", "NOTHING= # why"]))

    assert read_dotenv(file) == {
        "PLAIN": "8080",
        "EXPORTED": "yes",
        "SINGLE": "a # b",
        "DOUBLE": "c d",
        "COMMENTED": "x",
        "HASH": "a#b",
        "EMPTY": "",
        "NOTHING": "",
    }


@pytest.mark.parametrize("line", ["no equals sign", "1X=2", "X=$HOME", 'X="open'])
def test_malformed_dotenv_line_is_refused_by_its_number(tmp_path, line):
    file = tmp_path / ".env"
    file.write_text(f"A=1\n{line}\n")

    with pytest.raises(VariableError, match=r"\.env:2"):
        read_dotenv(file)


def test_environment_wins_over_dotenv(tmp_path):
    (tmp_path / ".env").write_text("A=file\nB=file\n")

    assert known(tmp_path, {"A": "environment"}) == {"A": "environment", "B": "file"}


def test_a_default_may_be_another_variable_with_its_own_default():
    text = "${ORDERS_TRACING:-${TRACING:-xray}}"

    assert fill(text, {}) == "xray"
    assert fill(text, {"TRACING": "off", "ORDERS_TRACING": ""}) == "off"
    assert fill(text, {"TRACING": "off", "ORDERS_TRACING": "opentelemetry"}) == "opentelemetry"
    assert names_in(text) == {"TRACING", "ORDERS_TRACING"}
