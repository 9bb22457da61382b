"""A sampling rule that is edited takes effect in the running shop, by the SDK's own polling."""

import time

import requests

from tests.shop import running
from tests.waiting import wait_until


def is_sampled(shop):
    """A page's own request has a trace or none; health checks never have one."""
    answer = requests.get(f"{shop.url}/api/products", timeout=5)
    trace_id = answer.headers["X-Amzn-Trace-Id"].split("Root=")[1].split(";")[0]
    try:
        return bool(
            wait_until(
                lambda: shop.client("xray").batch_get_traces(TraceIds=[trace_id])["Traces"], within_s=0.7
            )
        )
    except AssertionError:
        return False


def test_an_edited_rule_is_followed_within_about_ten_seconds(tmp_path):
    """The SDK reports every ten seconds and asks for the rules when they changed meanwhile."""
    with running(tmp_path) as shop:
        wait_until(lambda: is_sampled(shop), 15)
        shop.client("xray").update_sampling_rule(
            SamplingRuleUpdate={"RuleName": "lantern-sample-everything", "FixedRate": 0.0}
        )
        edited = time.monotonic()

        wait_until(lambda: not is_sampled(shop), 20)

        assert time.monotonic() - edited < 13
