import ast

import pytest

from labs.course import find
from labs.local_commands import ROOT

LAB = find("05").module


@pytest.mark.parametrize("variant", [LAB.SLOW, LAB.SLOWER])
def test_the_line_that_is_replaced_is_in_the_storefront_and_what_replaces_it_is_code(variant):
    code = (ROOT / LAB.FILE).read_text()

    assert code.count(LAB.SOUND) == 1
    ast.parse(code.replace(LAB.SOUND, variant))
