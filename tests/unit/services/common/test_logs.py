import io
import json
import logging

import pytest

from services.common import logs
from services.common.logs import JsonLines


@pytest.fixture(name="written")
def _written():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines("orders", "1.2.3"))
    logger = logging.getLogger("services.test")
    logger.addHandler(handler)
    logger.propagate = False
    yield logger, lambda: [json.loads(line) for line in stream.getvalue().split("\n") if line]
    logger.removeHandler(handler)


def test_a_line_has_the_fields_that_every_line_has(written):
    logger, lines = written
    logs.identify("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8", "request-7")

    logger.warning("stock is %s", "low", extra={"sku": "brass-storm-lantern"})

    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "WARNING",
        "service": "orders",
        "version": "1.2.3",
        "message": "stock is low",
        "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
        "segment_id": "53995c3f42cd8ad8",
        "request_id": "request-7",
        "sku": "brass-storm-lantern",
    }


def test_a_line_whose_trace_is_not_sampled_says_so(written):
    logger, lines = written
    logs.identify("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8", is_sampled=False)

    logger.warning("stock is low")

    assert lines()[0]["sampled"] is False


def test_an_exception_is_an_object_with_type_message_and_stack(written):
    logger, lines = written

    try:
        raise ValueError("no such shelf")
    except ValueError:
        logger.exception("it broke")

    exception = lines()[0]["exception"]
    assert (exception["type"], exception["message"]) == ("ValueError", "no such shelf")
    assert "test_logs.py" in exception["stack"]


def test_a_message_with_line_breaks_stays_one_line(written):
    logger, lines = written

    logger.warning("one\ntwo\r\u2028three")

    assert lines()[0]["message"] == "one\ntwo\r\u2028three"


@pytest.mark.parametrize("request_id", ["", "a b", "x" * 129, "{}", "line\nbreak"])
def test_a_callers_request_id_that_is_empty_too_long_or_odd_is_replaced(request_id):
    logs.identify("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8", request_id)

    assert logs.current().request_id != request_id
    assert len(logs.current().request_id) == 32
