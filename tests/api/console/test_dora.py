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
from tests.ports import free_port

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
    """An account with a new pipeline each time, since a reading is kept for a minute."""
    account = started[0]
    account.reset()
    account.pipelines = [next(NAMES)]
    return account


@pytest.fixture(name="account_console")
def _account_console(started, account):
    return started[1]


def page(account_console, path="/dora", **arguments):
    """The day of the account's history."""
    return account_console.page(path, window="24h", until=str(START_S + 86000), **arguments)


def figures(text):
    return {(service, name): (value, basis) for name, service, value, basis in FIGURE.findall(text)}


def three_releases(account, message="Turn up the flame"):
    """Good, stopped in its canary, good again."""
    account.release(1, "d-GOOD")
    failed = account.release(3, "d-FAILED", error=message)
    failed["sourceRevisions"][0]["revisionSummary"] = message
    account.roll_back("d-FAILED")
    account.release(5, "d-AGAIN")


def test_five_figures_of_each_service_stand_with_their_n(account_console, account):
    three_releases(account)
    account.release(7, "d-OTHER", group="catalog")

    shown = figures(page(account_console))

    # The third carried the failed one's commit: 2 h and 80 s, and its own: 80 s. The median is 3680 s.
    assert shown["orders", "change lead time"] == ("1.0 h", "n = 2")
    assert shown["orders", "deployment frequency"] == ("3.00 a day", "n = 3")
    assert shown["orders", "change fail rate"] == ("33.3 %", "1 of 3")
    assert shown["orders", "failed deployment recovery time"] == ("30.0 s", "n = 1")
    assert shown["orders", "deployment rework rate"] == ("0.0 %", "0 of 3")
    assert shown["catalog", "deployment frequency"] == ("1.00 a day", "n = 1")


def test_a_figure_without_data_has_its_reason_and_no_zero(account_console, account):
    account.release(1, "d-GOOD")

    text = page(account_console)

    assert figures(text)["orders", "change lead time"] == ("no data", "n = 0")
    assert "the first deployment has no lead time" in unescape(text)
    assert figures(text)["orders", "failed deployment recovery time"] == ("no data", "n = 0")


def test_a_number_links_to_its_deployments_its_commits_and_the_traces_of_their_version(
    account_console, account
):
    three_releases(account)

    text = unescape(page(account_console, service="orders", figure="change-fail-rate"))

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


def test_lead_time_links_to_commits_and_says_that_it_knows_one_of_each_execution(account_console, account):
    three_releases(account)

    text = unescape(page(account_console, service="orders", figure="change-lead-time"))

    rows = text.partition('id="behind"')[2].partition("</table>")[0]
    assert re.findall(r"<bdi>(.*?)</bdi>", rows) == ["Lamp 5", "Turn up the flame"]
    assert "of each execution only the commit that started it is known" in text


def test_a_deployment_that_users_never_saw_is_listed_apart(account_console, account):
    account.release(1, "d-GOOD")
    account.release(2, "d-BLOCKED", reached_users=False, error="its smoke test failed")

    text = page(account_console, service="orders", figure="caught-before-users")

    assert figures(text)["orders", "change fail rate"] == ("0.0 %", "0 of 1")
    assert ">1 caught before users<" in text
    assert "its smoke test failed" in text.partition('id="behind"')[2]


def test_a_failed_build_links_to_its_execution(account_console, account):
    account.release(1, "d-GOOD")
    failed = accounts.execution(2, status="Failed")
    account.add(failed)
    account.actions[0]["status"] = "Failed"  # of orders' build

    text = page(account_console, service="orders", figure="caught-before-users")

    assert f'href="/deployments/{failed["pipelineExecutionId"]}"' in text


def test_a_hurried_history_is_marked_and_one_in_real_time_is_not(account_console, account):
    account.release(1, "d-GOOD")
    assert "time scale 60: five minutes passed in 5.0 s" in page(account_console)

    account.pipelines = [next(NAMES)]
    account.deployments["d-GOOD"]["description"] = "by hand"

    assert "time scale" not in page(account_console)


def test_levels_are_named_with_their_year_and_source_and_no_grade_is_given_for_all(account_console, account):
    three_releases(account)

    text = unescape(page(account_console))

    assert "2024: elite" in text
    assert "Accelerate State of DevOps 2024" in text
    assert "no grade for all of it" in text
    assert "A measure that becomes a goal stops measuring" in text


def test_without_alarms_the_page_says_that_nobody_looked_for_incidents(account_console, account):
    three_releases(account)

    assert "nobody looked for incidents" in page(account_console)


def test_a_history_is_read_once_a_minute(account_console, account):
    account.release(1, "d-GOOD")
    page(account_console)
    operations = list(account.operations)

    page(account_console)

    assert account.operations == operations


def test_a_pipeline_that_has_deployed_nothing_says_so(account_console):
    assert "the pipeline has deployed nothing yet" in page(account_console)


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
def test_a_wrong_argument_is_refused_naming_it(account_console, account, arguments):
    account.release(1, "d-GOOD")

    answer = account_console.get("/dora", params=arguments)

    assert answer.status_code == 400
    assert next(iter(arguments)) in answer.text


def test_without_a_pipeline_the_page_says_what_to_do(console):
    assert "make rehearse" in console.page("/dora")


def test_an_endpoint_that_does_not_answer_is_named(console, tmp_path):
    nobody = f"http://127.0.0.1:{free_port()}"
    endpoints = {"AWS_ENDPOINT_URL_CODEPIPELINE": nobody, "AWS_ENDPOINT_URL_CODEDEPLOY": nobody}
    part = start_console(tmp_path, console.xray.url, console.aws.url, **endpoints)
    try:
        text = type(console)(part, console.xray, console.aws).page("/dora")
    finally:
        part.stop()

    assert "nobody answers for CodePipeline" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_of_commits_and_errors_stays_text(account_console, account, text):
    three_releases(account, text)

    for key in ("change-fail-rate", "change-lead-time", "deployment-frequency"):
        shown = page(account_console, service="orders", figure=key)
        tags = Tags()
        tags.feed(shown)
        assert "<script>document" not in shown
        assert "<h1>mine" not in shown
        assert not [tag for tag, _ in tags.tags if tag in ("img", "style")]
        assert not [tag for tag, names in tags.tags if any(n == "style" or n.startswith("on") for n in names)]
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", shown)
