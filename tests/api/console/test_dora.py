"""The page of the DORA metrics before an account whose answers the test writes; its history is over."""

import re
from html import unescape
from itertools import count
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.console import account as accounts
from tests.api.console.account import START_S
from tests.api.console.conftest import start_console
from tests.api.console.test_safety import HOSTILE, Tags
from tests.shop import free_port

NAMES = (f"pipeline-{number}" for number in count(1))
FIGURE = re.compile(
    r'aria-label="([^"]+) of (\w+)">\s*<h3>.*?class="headline"><a [^>]*>(.*?)</a> <span[^>]*>(.*?)<', re.S
)


@pytest.fixture(scope="module", name="started")
def _started(console, tmp_path_factory):
    with accounts.running() as account:
        endpoints = {"AWS_ENDPOINT_URL_CODEPIPELINE": account.url, "AWS_ENDPOINT_URL_CODEDEPLOY": account.url}
        part = start_console(tmp_path_factory.mktemp("dora"), console.xray.url, console.aws.url, **endpoints)
        yield account, type(console)(part, console.xray, console.aws)
        part.stop()


@pytest.fixture(name="account")
def _account(started):
    """An account whose pipeline nobody has read yet, since readings are kept for a minute."""
    account = started[0]
    account.reset()
    account.pipelines = [next(NAMES)]
    return account


@pytest.fixture(name="there")
def _there(started, account):
    return started[1]


def page(there, path="/dora", **arguments):
    """The day of the account's history."""
    return there.page(path, window="24h", until=str(START_S + 86000), **arguments)


def figures(text):
    return {(service, name): (value, basis) for name, service, value, basis in FIGURE.findall(text)}


def three_releases(account, message="Turn up the flame"):
    """Good, stopped in its canary, good again."""
    account.release(1, "d-GOOD")
    failed = account.release(3, "d-FAILED", error=message)
    failed["sourceRevisions"][0]["revisionSummary"] = message
    account.release(5, "d-AGAIN")


def test_five_figures_of_each_service_stand_with_their_n(there, account):
    three_releases(account)
    account.release(7, "d-OTHER", group="catalog")

    found = figures(page(there))

    # The third carried the failed one's commit: 2 h and 80 s, and its own: 80 s. The median is 3680 s.
    assert found["orders", "change lead time"] == ("1.0 h", "n = 2")
    assert found["orders", "deployment frequency"] == ("3.00 a day", "n = 3")
    assert found["orders", "change fail rate"] == ("33.3 %", "1 of 3")
    assert found["orders", "failed deployment recovery time"] == ("30.0 s", "n = 1")
    assert found["orders", "deployment rework rate"] == ("0.0 %", "0 of 3")
    assert found["catalog", "deployment frequency"] == ("1.00 a day", "n = 1")


def test_what_is_not_known_has_its_reason_and_is_no_zero(there, account):
    account.release(1, "d-GOOD")

    text = page(there)

    assert figures(text)["orders", "change lead time"] == ("no data", "n = 0")
    assert "the first deployment has no lead time" in unescape(text)
    assert figures(text)["orders", "failed deployment recovery time"] == ("no data", "n = 0")


def test_a_number_leads_to_its_deployments_its_commits_and_the_traces_of_their_version(there, account):
    three_releases(account)

    text = unescape(page(there, service="orders", figure="change-fail-rate"))

    rows = text.partition('id="behind"')[2].partition("</table>")[0]
    assert 'href="/deployments/d-FAILED"' in rows
    assert "d-GOOD" not in rows
    assert "0000003" in rows
    assert "Turn up the flame" in rows
    assert "stopped while users saw it: ALARM_ACTIVE" in rows
    [traces] = re.findall(r'href="(/traces[^"]*)"', rows)
    assert parse_qs(urlsplit(traces).query)["filter"] == [
        'service("orders") { annotation[version] = "0000003" }'
    ]


def test_lead_time_leads_to_commits_and_says_that_it_knows_one_of_each_execution(there, account):
    three_releases(account)

    text = unescape(page(there, service="orders", figure="change-lead-time"))

    rows = text.partition('id="behind"')[2].partition("</table>")[0]
    assert re.findall(r"<bdi>(.*?)</bdi>", rows) == ["Lamp 5", "Turn up the flame"]
    assert "of each execution only the commit that started it is known" in text


def test_what_was_caught_before_users_is_shown_apart(there, account):
    account.release(1, "d-GOOD")
    account.release(2, "d-BLOCKED", seen=False, error="its smoke test failed")

    text = page(there, service="orders", figure="caught-before-users")

    assert figures(text)["orders", "change fail rate"] == ("0.0 %", "0 of 1")
    assert ">1 caught before users<" in text
    assert "its smoke test failed" in text.partition('id="behind"')[2]


def test_a_build_that_failed_leads_to_its_execution(there, account):
    account.release(1, "d-GOOD")
    failed = accounts.execution(2, status="Failed")
    account.add(failed)
    account.actions[0]["status"] = "Failed"  # of orders' build

    text = page(there, service="orders", figure="caught-before-users")

    assert f'href="/deployments/{failed["pipelineExecutionId"]}"' in text


def test_a_hurried_history_is_marked_and_one_in_real_time_is_not(there, account):
    account.release(1, "d-GOOD")
    assert "time scale 60: five minutes passed in 5.0 s" in page(there)

    account.pipelines = [next(NAMES)]
    account.deployments["d-GOOD"]["description"] = "by hand"

    assert "time scale" not in page(there)


def test_levels_are_named_with_their_year_and_source_and_no_grade_is_given_for_all(there, account):
    three_releases(account)

    text = unescape(page(there))

    assert "2024: elite" in text
    assert "Accelerate State of DevOps 2024" in text
    assert "no grade for all of it" in text
    assert "A measure that becomes a goal stops measuring" in text


def test_without_alarms_it_says_that_nobody_looked(there, account):
    three_releases(account)

    assert "nobody looked for incidents" in page(there)


def test_a_history_is_read_once_a_minute(there, account):
    account.release(1, "d-GOOD")
    page(there)
    asked = list(account.asked)

    page(there)

    assert account.asked == asked


def test_a_pipeline_that_has_deployed_nothing_says_so(there):
    assert "the pipeline has deployed nothing yet" in page(there)


@pytest.mark.parametrize(
    "arguments",
    [
        {"window": "soon"},
        {"window": "400d"},
        {"until": "yesterday"},
        {"service": "nobody"},
        {"figure": "speed", "service": "orders"},
        {"window": "-1d"},
        {"window": "0h"},
    ],
)
def test_what_cannot_be_read_is_refused(there, account, arguments):
    account.release(1, "d-GOOD")

    answer = there.get("/dora", params=arguments)

    assert answer.status_code == 400
    assert next(iter(arguments)) in answer.text


def test_without_a_pipeline_it_says_what_to_do(console):
    assert "make rehearse" in console.page("/dora")


def test_an_endpoint_where_nobody_answers_is_told(console, tmp_path):
    nobody = f"http://127.0.0.1:{free_port()}"
    endpoints = {"AWS_ENDPOINT_URL_CODEPIPELINE": nobody, "AWS_ENDPOINT_URL_CODEDEPLOY": nobody}
    part = start_console(tmp_path, console.xray.url, console.aws.url, **endpoints)
    try:
        text = type(console)(part, console.xray, console.aws).page("/dora")
    finally:
        part.stop()

    assert "nobody answers for CodePipeline" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_of_commits_and_errors_stays_text(there, account, text):
    three_releases(account, text)

    for key in ("change-fail-rate", "change-lead-time", "deployment-frequency"):
        found = page(there, service="orders", figure=key)
        tags = Tags()
        tags.feed(found)
        assert "<script>document" not in found
        assert "<h1>mine" not in found
        assert not [one for one in tags.found if one[0] in ("img", "style")]
        assert not [
            one for one in tags.found if any(name == "style" or name.startswith("on") for name in one[1])
        ]
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", found)
