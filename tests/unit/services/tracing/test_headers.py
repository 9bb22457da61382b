"""The two headers that carry a trace: what is read of them, and which of them counts."""

import pytest

from services.tracing import headers
from services.tracing.headers import TraceHeader

ROOT, PARENT = "1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8"
OTHER = "1-6b04694b-507de4e1086c07cb6ebd6d11"
TRACEPARENT = f"00-{OTHER.replace('-', '')[1:]}-{PARENT}-01"


@pytest.mark.parametrize(
    ("xray", "w3c", "expected"),
    [
        ("", "", TraceHeader()),
        (f"Root={ROOT};Parent={PARENT};Sampled=1", "", TraceHeader(ROOT, PARENT, True)),
        (f"Root={ROOT};Parent={PARENT};Sampled=0", "", TraceHeader(ROOT, PARENT, False)),
        (f"Root={ROOT};Parent={PARENT};Sampled=?", "", TraceHeader(ROOT, PARENT, None, True)),
        (f"Sampled=0; Root={ROOT}", "", TraceHeader(ROOT, None, False)),
        ("Sampled=1", "", TraceHeader(None, None, True)),
        (f"Root={ROOT};Parent=short", "", TraceHeader()),
        (f"Root=1-5759e988;Parent={PARENT}", "", TraceHeader()),
        ("", TRACEPARENT, TraceHeader(OTHER, PARENT, True)),
        ("", TRACEPARENT[:-1] + "0", TraceHeader(OTHER, PARENT, False)),
        ("", f"cc{TRACEPARENT[2:]}-later", TraceHeader(OTHER, PARENT, True)),
        ("", f"ff{TRACEPARENT[2:]}", TraceHeader()),
        ("", TRACEPARENT.upper(), TraceHeader()),
        ("", f"00-{'0' * 32}-{PARENT}-01", TraceHeader()),
        ("", f"00-{'1' * 32}-{'0' * 16}-01", TraceHeader()),
        (f"Root={ROOT};Parent={PARENT};Sampled=0", TRACEPARENT, TraceHeader(ROOT, PARENT, False)),
        (f"Root={ROOT}", TRACEPARENT, TraceHeader(OTHER, PARENT, True)),  # a load balancer added the root
        (f"Root={ROOT}", "", TraceHeader(ROOT)),
    ],
)
def test_one_of_both_headers_counts_and_a_malformed_one_never(xray, w3c, expected):
    assert headers.read({headers.XRAY: xray, headers.W3C: w3c}) == expected


def test_a_header_is_written_as_it_is_read():
    for header in (TraceHeader(ROOT, PARENT, True), TraceHeader(ROOT), TraceHeader(ROOT, PARENT, None, True)):
        assert headers.read({headers.XRAY: str(header)}) == header
    w3c = headers.traceparent(ROOT, PARENT, is_sampled=False)
    assert headers.read({headers.W3C: w3c}) == TraceHeader(ROOT, PARENT, False)


def test_a_new_trace_id_is_one_of_x_rays():
    assert headers.read({headers.XRAY: f"Root={headers.new_trace_id()}"}).root
