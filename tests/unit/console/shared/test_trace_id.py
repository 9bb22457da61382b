import pytest

from console.shared.trace_id import trace_id_of

TRACE = "1-6b04694b-507de4e1086c07cb6ebd6d11"
W3C = "6b04694b507de4e1086c07cb6ebd6d11"


@pytest.mark.parametrize(
    "text",
    [
        TRACE,
        TRACE.upper(),
        W3C,
        f" {W3C} ",
        f"00-{W3C}-507de4e1086c07cb-01",
        f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1",
        f"Self=1-00000000-000000000000000000000000;Root={TRACE}",
    ],
)
def test_a_trace_id_is_read_in_any_spelling(text):
    assert trace_id_of(text) == TRACE


@pytest.mark.parametrize("text", ["", "1-2-3", W3C[:-1], TRACE + "0", "<script>", "00-" + W3C])
def test_other_text_is_no_trace_id(text):
    assert trace_id_of(text) is None
