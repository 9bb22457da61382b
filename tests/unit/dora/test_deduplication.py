from dataclasses import replace

from dora.deduplication import combine, unique
from dora.records import Deployment, History, Note
from tests.unit.dora.histories import at, bad, good, incident

DEPLOYMENT = good("d-1", "1 10:00", "1 10:05", "1 10:10")


def test_records_that_stand_twice_are_one():
    assert unique([DEPLOYMENT, DEPLOYMENT, replace(DEPLOYMENT)]) == [DEPLOYMENT]


def test_of_records_that_differ_the_same_one_stays_whatever_their_order():
    other = replace(DEPLOYMENT, revision="bbb")

    assert unique([DEPLOYMENT, other]) == unique([other, DEPLOYMENT])


def test_a_time_of_zero_is_a_time_and_not_a_missing_field():
    bare = Deployment(id="d-0", service="orders", status="succeeded", started_at=0.0)
    complete = replace(bare, revision="aaa", restored_at=0.0)

    for records in ([bare, complete], [complete, bare]):
        assert unique(records) == [complete]


def test_a_later_source_fills_in_and_overrides():
    early = replace(DEPLOYMENT, revision="aaa", branch="main")
    late = replace(DEPLOYMENT, revision="", branch="hotfix/wick")

    combined = combine([History((early,)), History((late,))]).deployments[0]

    assert (combined.revision, combined.branch) == ("aaa", "hotfix/wick")


def test_who_knows_when_users_saw_it_overrides_who_guessed_even_with_nothing():
    guessed = bad("d-1", "1 10:00", "1 10:05", "1 10:10", revision="aaa", knows_traffic=False)
    known = bad("d-1", "1 10:00", None, "1 10:10")
    note = Note("events", "d-1", "a guess", is_about_traffic=True)

    for sources in (
        [History((guessed,), (), (note,)), History((known,))],
        [History((known,)), History((guessed,), (), (note,))],
    ):
        combined = combine(sources)

        assert (combined.deployments[0].exposed_at, combined.deployments[0].revision) == (None, "aaa")
        assert combined.notes == ()


def test_two_guesses_add_up():
    exposed = bad("d-1", "1 10:00", "1 10:05", "1 10:10", knows_traffic=False)
    other = bad("d-1", "1 10:00", None, "1 10:10", knows_traffic=False)

    assert combine([History((exposed,)), History((other,))]).deployments[0].exposed_at == at("1 10:05")


def test_one_id_of_two_services_in_two_sources_is_said():
    """The file says catalog, the API said orders: the later source stands first."""
    file = replace(DEPLOYMENT, service="catalog", origin="deployments.csv, line 7")

    combined = combine([History((DEPLOYMENT,)), History((file,))])

    assert [deployment.service for deployment in combined.deployments] == ["catalog"]
    assert [note.reason for note in combined.notes] == [
        "orders and catalog have a deployment of this id in two sources: it counts for catalog "
        "(deployments.csv, line 7)"
    ]


def test_incidents_of_two_sources_are_one_history():
    combined = combine(
        [History((), (incident("i-1", "1 10:00"),)), History((), (incident("i-1", "1 10:00", "1 11:00"),))]
    )

    assert [closed_incident.closed_at for closed_incident in combined.incidents] == [at("1 11:00")]
