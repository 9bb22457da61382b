"""infra.json_format: the same JSON, in lines that a person can read."""

import json

from hypothesis import given
from hypothesis import strategies as st

from infra.json_format import WIDTH, dumps

leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=60)
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=20), inner))


@given(values)
def test_what_is_written_reads_back_the_same(value):
    assert json.loads(dumps(value)) == value


def test_what_fits_on_a_line_stays_on_a_line():
    assert dumps({"Ref": "Vpc"}) == '{"Ref": "Vpc"}'


def test_no_line_is_too_long_that_could_be_broken():
    text = dumps({"list": [{"Key": "project", "Value": "lantern"}] * 10, "short": [1, 2]})

    assert max(map(len, text.splitlines())) <= WIDTH
    assert '  "short": [1, 2]' in text.splitlines()
