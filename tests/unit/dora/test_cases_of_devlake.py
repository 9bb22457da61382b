"""Cases of apache/incubator-devlake: its tests in backend/plugins/dora/e2e, its documentation, its issues."""

from math import ceil

import pytest

from dora.metrics import FAIL_RATE, LEAD_TIME
from dora.records import LISTED, Commit, Deployment
from dora.times import DAY_S, instant
from dora.windows import Window
from tests.unit.dora.published import NO_LIMIT, YEAR_2023, analysed, bug, figure, release

JANUARY = instant("2023-01-01T10:00:00Z")


def caused_by(*numbers):
    """Incidents that name a release, by its number."""
    return [
        bug(f"i-{n}", JANUARY + 90 * DAY_S + n, deployment=f"d-{number}", closed_at=JANUARY + 91 * DAY_S)
        for n, number in enumerate(numbers)
    ]


@pytest.mark.parametrize(
    ("deployments", "blamed", "failed", "percent"),
    [
        # apache/devlake#8890: 4 / 23, not 6 / 23 = 26.1 %
        pytest.param(23, (1, 1, 1, 5, 9, 20), 4, 17.4, id="6 incidents of 4 deployments"),
        # docs/Metrics/CFR.md of incubator-devlake-website: 2 / 5
        pytest.param(5, (1, 3, 3), 2, 40.0, id="two of five cause one or more incidents"),
    ],
)
def test_change_failure_rates(deployments, blamed, failed, percent):
    releases = [release(f"d-{n}", JANUARY + n * DAY_S) for n in range(deployments)]

    rate = figure(FAIL_RATE, releases, YEAR_2023, caused_by(*blamed))

    assert (rate.numerator, rate.n, round(rate.value * 100, 1)) == (failed, deployments, percent)


def test_an_incident_belongs_to_the_last_success_before_it():
    """connect_incident_to_deploy_test.go, with its deployments and incidents.

    DevLake knows no limit, so it blames pipeline7 in November for what it deployed in September. Without a
    limit we agree; with ours of a day those are caused by no change."""
    finished = {
        "pipeline1": "2022-09-11T22:51:47Z",
        "pipeline2": "2022-09-14T22:51:47Z",
        "pipeline4": "2022-09-16T22:51:47Z",
        "pipeline6": "2022-09-20T22:51:47Z",
        "pipeline7": "2022-09-23T22:51:47Z",
    }
    opened = {
        "1367714738": ("2022-11-13T23:37:21Z", "pipeline7"),
        "1370816458": ("2022-11-13T01:07:21Z", "pipeline7"),
        "1371320153": ("2022-11-02T08:21:09Z", "pipeline7"),
        "1372381019": ("2022-11-28T01:46:47Z", "pipeline7"),
        "1372644519": ("2022-11-16T21:34:01Z", "pipeline7"),
        "1373792478": ("2022-09-15T01:56:16Z", "pipeline2"),
    }
    releases = [release(key, instant(at)) for key, at in finished.items()]
    incidents = [bug(key, instant(at)) for key, (at, _) in opened.items()]

    without_limit = analysed(releases, incidents, **NO_LIMIT).services["shop"].links
    ours = analysed(releases, incidents).services["shop"].links

    assert {link.incident.id: link.deployment for link in without_limit} == {
        key: deployment for key, (_, deployment) in opened.items()
    }
    assert {link.incident.id: link.deployment for link in ours if link.deployment} == {
        "1373792478": "pipeline2"
    }


MERGED = {
    "pr_merge_commit1": ("2023-04-11T05:51:47Z", "5"),
    "pr_merge_commit2": ("2023-04-12T05:51:47Z", "5"),
    "pr_merge_commit3": ("2023-04-14T06:53:51Z", "6"),  # later than its deployment
}
# began, in the repositories REPO111 and REPO222; each takes 60 s
DEPLOYED = {
    "1": ("2023-04-10T06:51:47Z", "REPO111"),
    "2": ("2023-04-10T06:53:51Z", "REPO222"),
    "5": ("2023-04-13T07:28:14Z", "REPO111"),
    "6": ("2023-04-13T07:29:34Z", "REPO222"),
}


def test_the_time_from_a_merge_to_its_deployment():
    """calculate_change_lead_time_test.go, pr_deploy_time of change_lead_time/project_pr_metrics.csv, in
    minutes rounded up: 2978, 1538, and none for the merge that is later than its deployment.

    2023-04-13 07:29:14 - 2023-04-11 05:51:47 = 2 d 1 h 37 min 27 s = 2977.45 min; a day less is 1537.45."""
    deployments = [
        Deployment(
            id=key,
            service=repository,
            status="succeeded",
            started_at=instant(at),
            live_at=instant(at) + 60,
            commits=tuple(
                Commit(sha, instant(merged))
                for sha, (merged, deployment) in MERGED.items()
                if deployment == key
            ),
            commits_are=LISTED,
        )
        for key, (at, repository) in DEPLOYED.items()
    ]

    services = analysed(deployments).services
    lead_time = figure(LEAD_TIME, deployments, Window(instant("2023-04-01T00:00:00Z"), YEAR_2023.end))

    leads = [lead for service in services.values() for lead in service.leads]
    assert {lead.commit.sha: ceil(lead.seconds / 60) for lead in leads} == {
        "pr_merge_commit1": 2978,
        "pr_merge_commit2": 1538,
    }
    assert lead_time.remarks == ("clock problem: 1 commit dropped, later than the deployment",)
