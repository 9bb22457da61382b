"""Sampling rules and targets as recorded: sampling.json and sampling_edges.json of the recordings that
test_recordings.py names.
"""

import json
import time

import pytest
from aws_xray_sdk.core.sampling.rule_cache import RuleCache
from aws_xray_sdk.core.sampling.sampling_rule import SamplingRule

from local.awsapi.application import Application
from local.awsapi.errors import InvalidRequestException
from local.xray import operations
from local.xray.backend import Backend
from local.xray.storage.store import Store
from tests.unit.local.awsapi.test_application import call

RULE = {
    "RuleName": "rule",
    "Priority": 7123,
    "FixedRate": 0.05,
    "ReservoirSize": 2,
    "Version": 1,
    **dict.fromkeys(("Host", "HTTPMethod", "ResourceARN", "ServiceName", "ServiceType", "URLPath"), "*"),
}
BOOST = {"MaxRate": 0.5, "CooldownWindowMinutes": 1}
ARN = "arn:aws:xray:us-east-1:111122223333:sampling-rule/"
CLIENT = "0123456789abcdef01234567"


@pytest.fixture(name="backend")
def _backend(tmp_path):
    store = Store(tmp_path)
    yield Backend(store)
    store.close()


@pytest.fixture(name="app")
def _app(backend):
    return Application("xray", operations.load(backend), operations.NOT_REQUIRED)


def targets(app, *reports, **request):
    body = json.dumps({"SamplingStatisticsDocuments": reports, **request}).encode()
    status, _, answer = call("/SamplingTargets", body, app=app)
    assert status == 200
    return answer


@pytest.mark.parametrize(
    ("work", "rule"),
    [
        ({"service": "orders"}, "lantern-sample-everything"),  # what no request asked for has no path
        ({"service": "storefront", "path": "/api/orders"}, "lantern-sample-everything"),
        ({"service": "storefront", "path": "/static/shop.css"}, "lantern-no-static-files"),
    ],
)
def test_awss_sdk_samples_all_but_static_files_by_the_rules_of_a_new_store(backend, work, rule):
    records = [record["SamplingRule"] for record in backend.sampling_rules.records()]
    cache = RuleCache()
    cache.load_rules(
        [
            SamplingRule(
                record["RuleName"],
                record["Priority"],
                record["FixedRate"],
                record["ReservoirSize"],
                record["Host"],
                record["HTTPMethod"],
                record["URLPath"],
                record["ServiceName"],
                record["ServiceType"],
            )
            for record in records
        ]
    )
    cache.last_updated = int(time.time())

    assert cache.get_matched_rule(work, int(time.time())).name == rule


def test_a_report_of_awss_distribution_of_opentelemetry_gets_its_target(backend, app):
    """Its Python clients send SampleCount in place of SampledCount; the service takes it."""
    backend.sampling_rules.create(RULE)
    report = {
        "ClientID": CLIENT,
        "RuleName": "rule",
        "Timestamp": time.time(),
        "RequestCount": 4,
        "BorrowCount": 0,
        "SampleCount": 1,
    }

    answer = targets(app, report)

    assert [target["RuleName"] for target in answer["SamplingTargetDocuments"]] == ["rule"]
    assert answer["UnprocessedStatistics"] == answer["UnprocessedBoostStatistics"] == []
    assert targets(app, {"ClientID": CLIENT, "RuleName": "rule", "Timestamp": 0})["SamplingTargetDocuments"]


def test_the_first_target_of_a_client_is_a_rate_alone_and_the_next_has_a_quota(backend, app):
    backend.sampling_rules.create(RULE)
    report = {"ClientID": CLIENT, "RuleName": "rule", "Timestamp": time.time(), "RequestCount": 1}

    (first,) = targets(app, report)["SamplingTargetDocuments"]
    (second,) = targets(app, report)["SamplingTargetDocuments"]

    assert first == {
        "RuleName": "rule",
        "FixedRate": 0.05,
        "Interval": None,
        "ReservoirQuota": None,
        "ReservoirQuotaTTL": None,
        "SamplingBoost": None,
    }
    assert (second["Interval"], second["ReservoirQuota"]) == (10, 2)
    assert 290 < second["ReservoirQuotaTTL"] - time.time() <= 300


def test_anomalies_of_an_unknown_rule_are_unprocessed(backend, app):
    backend.sampling_rules.create(RULE | {"SamplingRateBoost": BOOST})
    counts = {"TotalCount": 1000, "AnomalyCount": 900, "SampledAnomalyCount": 0, "Timestamp": time.time()}
    anomalies = [{"RuleName": name, "ServiceName": "s", **counts} for name in ("rule", "missing")]

    answer = targets(app, SamplingBoostStatisticsDocuments=anomalies)

    assert answer["UnprocessedBoostStatistics"] == [
        {"RuleName": "missing", "ErrorCode": "400", "Message": "Unknown rule"}
    ]


def test_a_boost_is_kept_answered_and_removed_by_an_update_without_it(backend):
    created = backend.sampling_rules.create(RULE | {"SamplingRateBoost": BOOST})
    below = backend.sampling_rules.update(
        {"RuleName": "rule", "SamplingRateBoost": {**BOOST, "MaxRate": 0.01}}
    )
    without = backend.sampling_rules.update({"RuleName": "rule"})

    assert created["SamplingRule"]["SamplingRateBoost"] == BOOST
    assert below["SamplingRule"]["SamplingRateBoost"]["MaxRate"] == 0.01
    assert "SamplingRateBoost" not in without["SamplingRule"]
    assert without["SamplingRule"]["FixedRate"] == 0.05


def test_a_rule_may_be_named_by_its_arn_alone(backend):
    unnamed = {key: value for key, value in RULE.items() if key != "RuleName"}

    created = backend.sampling_rules.create(unnamed | {"RuleARN": f"{ARN}by-arn"})
    updated = backend.sampling_rules.update({"RuleARN": f"{ARN}by-arn", "FixedRate": 0.5})
    deleted = backend.sampling_rules.delete({"RuleARN": f"{ARN}by-arn"})

    assert [r["SamplingRule"]["RuleName"] for r in (created, updated, deleted)] == ["by-arn"] * 3
    assert deleted["SamplingRule"]["FixedRate"] == 0.5


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            {"RuleName": "a", "RuleARN": f"{ARN}a"},
            "Request cannot contain both sampling rule name and sampling rule ARN",
        ),
        ({}, "Request must contain either sampling rule name or sampling rule ARN"),
        ({"RuleARN": "arn:aws:xray:us-east-1:111122223333:group/a"}, "Invalid sampling rule ARN"),
        ({"RuleName": "nobody"}, "Sampling rule does not exist"),
        ({"RuleName": "Default"}, "The default sampling rule cannot be deleted"),
    ],
)
def test_a_wrong_name_is_refused_in_the_services_words(backend, request_, message):
    with pytest.raises(InvalidRequestException) as refused:
        backend.sampling_rules.delete(request_)

    assert str(refused.value) == message
