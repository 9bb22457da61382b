import pytest

from dora.errors import InputError, SourceError
from dora.readers import csv_files
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
    assert history.has_incident_source


def test_columns_stand_in_any_order_and_optional_ones_may_be_missing(folder):
    history = csv_files.read(
        folder("started_at,status,service,id\n2026-11-01T10:00:00Z,failed,orders,d-1\n\n")
    )

    assert history.deployments[0].id == "d-1"
    assert not history.has_incident_source


def test_a_spreadsheets_byte_order_mark_does_no_harm(folder):
    assert csv_files.read(folder(b"\xef\xbb\xbf" + f"{HEAD}\n{GOOD}\n".encode())).deployments[0].id == "d-1"


def test_a_line_that_stands_twice_is_one_deployment(folder):
    assert len(csv_files.read(folder(f"{HEAD}\n{GOOD}\n{GOOD}\n")).deployments) == 1


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"deployments": ""}, "deployments.csv, line 1: the column id is missing; expected id, service"),
        ({"deployments": "id,service,status\n"}, "line 1: the column started_at is missing"),
        ({"deployments": f"{HEAD},colour\n"}, "line 1: unknown column 'colour'"),
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
            "line 3, column id: expected the values of the earlier line with this id, found 'd-1'",
        ),
        (
            {"commits": "sha,committed_at,deployment_id\na,1,d-9\n"},
            "commits.csv, line 2, column deployment_id: expected a deployment of deployments",
        ),
        (
            {"incidents": "id,service,opened_at\ni-1,orders,never\n"},
            "incidents.csv, line 2, column opened_at",
        ),
        ({"deployments": b"\xff\xfe\x00"}, "expected CSV in UTF-8"),
        ({"deployments": f'{HEAD}\n"d-1,orders'}, "expected CSV in UTF-8"),
    ],
)
def test_wrong_input_is_refused_naming_file_line_and_column(folder, files, words):
    with pytest.raises(InputError) as refused:
        csv_files.read(folder(**files))

    assert words in str(refused.value)


def test_a_folder_without_deployments_is_said(tmp_path):
    with pytest.raises(SourceError, match="no such folder"):
        csv_files.read(tmp_path / "nowhere")
    with pytest.raises(SourceError, match=r"deployments.csv: No such file"):
        csv_files.read(tmp_path)
