import re

import pytest

from dora.analysis import analyse
from dora.errors import InputError, SourceError
from dora.readers import csv_files
from dora.readers.csv_formats import csv_format
from dora.times import instant
from tests.unit.dora.histories import at

HEAD = "id,service,status,started_at,exposed_at,live_at,rollback_of,fixes"
GOOD = "d-1,orders,succeeded,2026-11-01T10:00:00Z,,2026-11-01T10:10:00Z,,"


@pytest.fixture(name="folder")
def _folder(tmp_path):
    def write(deployments=f"{HEAD}\n{GOOD}\n", **others):
        for name, text in {"deployments": deployments, **others}.items():
            (tmp_path / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return write


def test_three_files_become_a_history(folder):
    history = csv_files.read(
        folder(
            f"{HEAD}\n{GOOD}\nd-2,orders,succeeded,1793613600,,,d-1,d-1 d-0\n",
            commits="sha,committed_at,deployment_id,message\n"
            'a1,2026-11-01T11:00:00+02:00,d-1,"Fix\n\nIncident: i-1"\n',
            incidents="id,service,opened_at,deployment_id\ni-1,orders,2026-11-01T12:00:00Z,d-1\n",
        )
    )

    forward, back = history.deployments
    assert (forward.live_at, forward.exposed_at, forward.is_rollback) == (at("1 10:10"), None, False)
    assert (forward.commits[0].committed_at, forward.commits[0].incidents) == (at("1 09:00"), ("i-1",))
    assert (back.is_rollback, back.rollback_of, back.fixes) == (True, "d-1", ("d-1", "d-0"))
    assert (history.incidents[0].deployment, history.incidents[0].closed_at) == ("d-1", None)
    assert history.incident_sources == {"reports"}


def test_columns_stand_in_any_order_and_optional_ones_may_be_missing(folder):
    history = csv_files.read(
        folder("started_at,status,service,id\n2026-11-01T10:00:00Z,failed,orders,d-1\n\n")
    )

    assert history.deployments[0].id == "d-1"
    assert not history.incident_sources


def test_a_spreadsheets_byte_order_mark_does_no_harm(folder):
    assert csv_files.read(folder(b"\xef\xbb\xbf" + f"{HEAD}\n{GOOD}\n".encode())).deployments[0].id == "d-1"


def test_a_line_that_stands_twice_is_one_deployment(folder):
    assert len(csv_files.read(folder(f"{HEAD}\n{GOOD}\n{GOOD}\n")).deployments) == 1


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"deployments": ""}, "deployments.csv, line 1: the column id is missing; expected id, service"),
        ({"deployments": "id,service,status\n"}, "line 1: the column started_at is missing"),
        ({"deployments": f"{HEAD},id\n"}, "line 1: a column stands there twice"),
        ({"deployments": f"{HEAD}\nd-1,orders\n"}, "line 2: expected 8 columns, found 2"),
        (
            {"deployments": f"{HEAD}\n{GOOD.replace('succeeded', 'green')}\n"},
            "line 2, column status: expected one of running, succeeded, failed, stopped, found 'green'",
        ),
        (
            {"deployments": f"{HEAD}\n{GOOD}\n{GOOD.replace('2026-11-01T10:00:00Z', '1 Nov')}\n"},
            "column started_at: expected UTC such as 2026-11-23T15:04:05Z, or epoch seconds, found '1 Nov'",
        ),
        (
            {"deployments": f"{HEAD}\n{GOOD.replace('10:10:00Z', '10:10:00')}\n"},
            "column live_at: expected UTC such as 2026-11-23T15:04:05Z, or epoch seconds; it has no",
        ),
        ({"deployments": f"{HEAD}\n{GOOD.replace('d-1', '')}\n"}, "line 2, column id: expected a value"),
        (
            {"deployments": f"{HEAD}\n{GOOD}\n{GOOD.replace('succeeded', 'failed')}\n"},
            "line 3, column id: expected the values of line 2, which has this id too, found 'd-1'",
        ),
        (
            {"commits": "sha,committed_at,deployment_id\na,1,d-9\n"},
            "commits.csv, line 2, column deployment_id: expected a deployment of deployments",
        ),
        (
            {"incidents": "id,service,opened_at\ni-1,orders,never\n"},
            "incidents.csv, line 2, column opened_at",
        ),
        ({"deployments": b"id\n\xff\xfe\x00"}, "deployments.csv, line 2: expected UTF-8, found byte 0xff"),
        ({"deployments": f'{HEAD}\n"d-1,orders'}, "deployments.csv, line 2: expected CSV"),
    ],
)
def test_wrong_input_is_refused_naming_file_line_and_column(folder, files, words):
    with pytest.raises(InputError) as refused:
        csv_files.read(folder(**files))

    assert words in str(refused.value)


def test_every_mistake_is_told_with_its_line(folder):
    files = {
        "deployments": "\n".join(
            (HEAD, GOOD.replace("succeeded", "green"), "d-2,orders", GOOD.replace("d-1", "d-3"), "")
        ),
        "commits": "sha,committed_at,deployment_id\na,soon,d-3\nb,1793613600,d-9\n",
        "incidents": "id,service,opened_at\ni-1,orders,1793613600\ni-2,,never\n",
    }

    with pytest.raises(InputError) as refused:
        csv_files.read(folder(**files))

    places = [re.search(r"(\w+)\.csv, line (\d)", message).groups() for message in refused.value.messages]
    assert places == [
        ("commits", "2"),
        ("deployments", "2"),
        ("deployments", "3"),
        ("commits", "3"),
        ("incidents", "3"),
    ]


def test_every_line_that_is_no_utf_8_is_told(folder):
    broken = f"{HEAD}\n".encode() + b"d-1,\xff\nd-2,tea\xe9\n"

    with pytest.raises(InputError) as refused:
        csv_files.read(folder(broken))

    assert [message.partition("deployments.csv, ")[2] for message in refused.value.messages] == [
        "line 2: expected UTF-8, found byte 0xff at position 5",
        "line 3: expected UTF-8, found byte 0xe9 at position 8",
    ]


def test_one_deployment_id_in_two_services_names_both_lines(folder):
    with pytest.raises(InputError) as refused:
        csv_files.read(folder(f"{HEAD}\n{GOOD}\n{GOOD.replace('orders', 'catalog')}\n"))

    (message,) = refused.value.messages
    assert message.endswith(
        "line 3, column id: expected the service orders of line 2, which has this id too, found 'd-1'"
    )


def test_an_incident_of_two_services_has_a_line_for_each(folder):
    lines = "id,service,opened_at\ni-1,orders,1793613600\ni-1,catalog,1793613600\n"

    incidents = csv_files.read(folder(incidents=lines)).incidents

    assert [(incident.id, incident.service) for incident in incidents] == [
        ("i-1", "orders"),
        ("i-1", "catalog"),
    ]


def test_two_different_lines_of_one_incident_and_service_name_both(folder):
    lines = "id,service,opened_at\ni-1,orders,1793613600\ni-2,orders,1793613600\ni-1,orders,1793613601\n"

    with pytest.raises(InputError) as refused:
        csv_files.read(folder(incidents=lines))

    assert "line 4, column id: expected the values of line 2" in str(refused.value)


def test_a_column_that_is_not_read_is_noted(folder):
    history = csv_files.read(folder(f"{HEAD},colour\n{GOOD},blue\n"))

    assert [(note.source, note.reason) for note in history.notes] == [
        ("deployments.csv", "columns that are not read: colour")
    ]
    assert len(history.deployments) == 1


@pytest.mark.parametrize("word", ["SUCCEEDED", "Success", "done", "passed"])
def test_the_case_of_a_status_does_not_matter_nor_do_other_tools_words(folder, word):
    assert (
        csv_files.read(folder(f"{HEAD}\n{GOOD.replace('succeeded', word)}\n")).deployments[0].status
        == "succeeded"
    )


def test_milliseconds_are_understood(folder):
    """1793527800000 ms is 2026-11-01T10:10:00Z."""
    deployment = csv_files.read(
        folder(f"{HEAD}\n{GOOD.replace('2026-11-01T10:10:00Z', '1793527800000')}\n")
    ).deployments[0]

    assert deployment.live_at == at("1 10:10")


def test_a_failure_is_blocked_only_where_the_file_says_never(folder):
    lines = ["d-1,orders,failed,1793527200,never,,,", "d-2,orders,failed,1793527200,,,,"]

    never, unknown = csv_files.read(folder("\n".join((HEAD, *lines, "")))).deployments

    assert (never.never_exposed, never.exposed_at) == (True, None)
    assert not unknown.never_exposed


def test_columns_may_have_other_names(folder):
    history = csv_files.read(
        folder("id,project,outcome,begun\nd-1,orders,ok,1793527200\n".replace(",ok,", ",success,")),
        csv_format("lantern", "service=project, status=outcome,started_at=begun"),
    )

    assert (history.deployments[0].service, history.deployments[0].status) == ("orders", "succeeded")


@pytest.mark.parametrize(
    ("name", "columns", "words"),
    [
        ("jenkins", "", "--format jenkins: expected one of lantern, devlake, fourkeys, metrik"),
        ("lantern", "project", "--columns project: expected OURS=THEIRS, OURS one of "),
        ("lantern", "colour=color", "--columns colour=color: expected OURS=THEIRS, OURS one of "),
    ],
)
def test_a_format_that_is_none_is_refused(name, columns, words):
    with pytest.raises(InputError) as refused:
        csv_format(name, columns)

    assert str(refused.value).startswith(words)


def files_in(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def test_devlakes_tables(tmp_path):
    """Two rows of one pipeline are one deployment; staging does not count; a table links the incidents."""
    files_in(
        tmp_path,
        cicd_deployment_commits="id,result,started_date,finished_date,cicd_deployment_id,cicd_scope_id,environment,commit_sha\n"
        "1,SUCCESS,2022-09-12T23:21:16.000+00:00,2022-09-13T22:51:47.000+00:00,pipeline2,cicd2,PRODUCTION,c3\n"
        "2,SUCCESS,2022-09-12T23:22:14.000+00:00,2022-09-14T22:51:47.000+00:00,pipeline2,cicd2,PRODUCTION,c4\n"
        "3,FAILURE,2022-09-12T23:54:39.000+00:00,2022-09-21T22:51:47.000+00:00,pipeline7,cicd2,PRODUCTION,c11\n"
        "4,SUCCESS,2022-09-12T23:31:53.000+00:00,2022-09-17T22:51:47.000+00:00,pipeline5,cicd2,STAGING,c7\n",
        commits="sha,committed_date,message\nm1,2022-09-12 22:51:47,Trim the wick\n",
        commits_diffs="new_commit_sha,old_commit_sha,commit_sha\nc4,c2,m1\n",
        incidents="id,title,created_date,resolution_date,scope_id\n"
        "github:1,Dark,2022-09-15 01:56:16,2022-09-15 02:13:18,board1\n",
        project_incident_deployment_relationships="id,project_name,deployment_id\ngithub:1,project1,pipeline2\n",
    )

    history = csv_files.read(tmp_path, csv_format("devlake", ""))

    by_id = {deployment.id: deployment for deployment in history.deployments}
    assert {key: each.status for key, each in by_id.items()} == {
        "pipeline2": "succeeded",
        "pipeline7": "failed",
    }
    assert by_id["pipeline2"].ended_at == instant("2022-09-14T22:51:47Z")
    (incident,) = history.incidents
    assert (incident.service, incident.deployment) == ("cicd2", "pipeline2")
    assert incident.closed_at - incident.opened_at == 17 * 60 + 2
    assert any("1 lines of other environments" in note.reason for note in history.notes)
    # c4's range holds m1, committed 2022-09-12 22:51:47, live two days later
    (lead,) = analyse(history).services["cicd2"].leads
    assert (lead.commit.sha, lead.seconds) == ("m1", 2 * 86400)


def test_four_keys_tables(tmp_path):
    """Deployments are successes, incidents name the change at fault; the folder's name is the service."""
    shop = tmp_path / "shop"
    shop.mkdir()
    files_in(
        shop,
        deployments="source,deploy_id,time_created,main_commit,changes\n"
        'cloud_build,b-1,2021-03-02 10:00:00 UTC,c2,"[""c1"", ""c2""]"\n',
        changes="source,event_type,change_id,time_created\ngithub,push,c1,2021-03-01 10:00:00 UTC\n"
        "github,push,c2,2021-03-02 09:00:00 UTC\n",
        incidents="source,incident_id,time_created,time_resolved,changes\n"
        "github,7,2021-03-02 11:00:00 UTC,2021-03-02 12:00:00 UTC,[c2]\n",
    )

    orders = analyse(csv_files.read(shop, csv_format("fourkeys", ""))).services["shop"]

    assert [lead.seconds for lead in orders.leads] == [86400, 3600]
    assert [(counted.deployment.id, counted.kind) for counted in orders.counted] == [("b-1", "failed")]


def test_metriks_builds(tmp_path):
    """Milliseconds; a build lasts for its duration: 1609171000 + 60.42 s."""
    files_in(
        tmp_path,
        builds="pipelineId,number,duration,result,timestamp\n1,1,60420,SUCCESS,1609171000000\n1,2,60420,FAILED,1609257400000\n",
        commits="number,commitId,timestamp,msg\n1,b9b775059d120a0dbf09fd40d2becea69a112345,1609170000000,Trim\n",
    )

    good, bad = csv_files.read(tmp_path, csv_format("metrik", "")).deployments

    assert (good.service, good.status, good.ended_at) == ("1", "succeeded", 1609171060.42)
    assert [commit.committed_at for commit in good.commits] == [1609170000]
    assert bad.status == "failed"


def test_a_folder_without_deployments_is_said(tmp_path):
    with pytest.raises(SourceError, match="no such folder"):
        csv_files.read(tmp_path / "nowhere")
    with pytest.raises(SourceError, match=r"deployments.csv: No such file"):
        csv_files.read(tmp_path)
