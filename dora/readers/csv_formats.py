"""The CSV files that `--csv` reads: our own columns, and the tables that other DORA tools export.

DevLake's domain layer: https://devlake.apache.org/docs/DataModels/DevLakeDomainLayerSchema
Four Keys' tables: https://github.com/dora-team/fourkeys/tree/main/queries
Metrik's builds: https://github.com/thoughtworks/metrik
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dora.errors import InputError
from dora.records import FAILED, RUNNING, STOPPED, SUCCEEDED

# column → whether it needs a value
DEPLOYMENTS = {
    "id": True,
    "service": True,
    "status": True,
    "started_at": True,
    "revision": False,
    "triggered_at": False,
    "exposed_at": False,
    "live_at": False,
    "ended_at": False,
    "restored_at": False,
    "rollback_of": False,
    "branch": False,
    "fixes": False,
    "incidents": False,
    "error": False,
}
COMMITS = {"sha": True, "committed_at": True, "deployment_id": True, "message": False}
INCIDENTS = {
    "id": True,
    "service": True,
    "opened_at": True,
    "closed_at": False,
    "deployment_id": False,
    "title": False,
}
# Columns that only other tools have: what is in them is turned into the columns above
DURATION_S, DURATION_MS, COMMIT_IDS, ENVIRONMENT = "duration_s", "duration_ms", "commit_ids", "environment"
WORDS_OF_STATUS = {
    RUNNING: "running in_progress inprogress started created queued pending",
    SUCCEEDED: "succeeded success successful passed done completed",
    FAILED: "failed failure error timed_out",
    STOPPED: "stopped stop canceled cancelled aborted abort other others",
}
STATUS_WORDS = {word: status for status, words in WORDS_OF_STATUS.items() for word in words.split()}

Columns = Mapping[str, tuple[str, ...]]  # our column → the names that it may have, the first that is there


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """Where a tool's export has what: files by kind, and columns by our own names."""

    deployments: tuple[str, ...] = ("deployments.csv",)
    commits: tuple[str, ...] = ("commits.csv",)
    incidents: tuple[str, ...] = ("incidents.csv",)
    diffs: str = ""  # a file that lists the commits between two deployed commits
    links: str = ""  # a file that lists the deployments that caused incidents
    names: Columns = field(default_factory=dict)
    is_utc: bool = False  # instants without a time zone are UTC
    status: str = ""  # the status of deployments without one
    merges_rows: bool = False  # several rows of one id are one deployment
    production: tuple[str, ...] = ()  # the environments that count; all if empty

    def names_of(self, column: str) -> tuple[str, ...]:
        """The names that a column of ours may have in a file."""
        return self.names.get(column, (column,))


FORMATS = {
    "lantern": CsvFormat(),
    "devlake": CsvFormat(
        deployments=("cicd_deployment_commits.csv", "cicd_deployments.csv", "deployments.csv"),
        diffs="commits_diffs.csv",
        links="project_incident_deployment_relationships.csv",
        names={
            "id": ("cicd_deployment_id", "cicd_pipeline_id", "id"),
            "service": ("project_name", "service", "cicd_scope_id", "scope_id"),
            "status": ("result", "status"),
            "started_at": ("started_date", "created_date"),
            "ended_at": ("finished_date",),
            DURATION_S: ("duration_sec",),
            "revision": ("commit_sha",),
            "branch": ("ref_name",),
            ENVIRONMENT: ("environment",),
            "sha": ("sha",),
            "committed_at": ("committed_date", "authored_date"),
            "opened_at": ("created_date",),
            "closed_at": ("resolution_date",),
        },
        is_utc=True,
        merges_rows=True,
        production=("production", ""),
    ),
    "fourkeys": CsvFormat(
        commits=("changes.csv", "commits.csv"),
        names={
            "id": ("deploy_id", "incident_id", "id"),
            "service": ("service", "repo_name"),
            "started_at": ("time_created",),
            COMMIT_IDS: ("changes",),
            "sha": ("change_id",),
            "committed_at": ("time_created",),
            "opened_at": ("time_created",),
            "closed_at": ("time_resolved",),
        },
        is_utc=True,
        status=SUCCEEDED,
    ),
    "metrik": CsvFormat(
        deployments=("builds.csv", "deployments.csv"),
        names={
            "id": ("id", "number"),
            "service": ("service", "pipelineName", "pipelineId"),
            "status": ("result", "status"),
            "started_at": ("startTimeMillis", "timestamp"),
            "ended_at": ("completedTimeMillis",),
            DURATION_MS: ("durationMillis", "duration"),
            "sha": ("commitId",),
            "committed_at": ("timestamp",),
            "deployment_id": ("number", "deployment_id"),
            "message": ("msg",),
        },
        is_utc=True,
    ),
}


def csv_format(name: str, columns: str) -> CsvFormat:
    """The format of a name, with columns renamed by text such as `service=project,started_at=begin`.

    Raises InputError for a column that is none."""
    if name not in FORMATS:
        raise InputError(f"--format {name}: expected one of {', '.join(FORMATS)}")
    known = {*DEPLOYMENTS, *COMMITS, *INCIDENTS, DURATION_S, DURATION_MS, COMMIT_IDS}
    renamed: dict[str, tuple[str, ...]] = {}
    for pair in filter(None, (text.strip() for text in columns.split(","))):
        ours, _, theirs = (text.strip() for text in pair.partition("="))
        if ours not in known or not theirs:
            expected = f"expected OURS=THEIRS, OURS one of {', '.join(sorted(known))}"
            raise InputError(f"--columns {pair}: {expected}")
        renamed[ours] = (theirs, *renamed.get(ours, ()))
    chosen = FORMATS[name]
    names = {ours: (*theirs, *chosen.names_of(ours)) for ours, theirs in renamed.items()}
    return replace(chosen, names={**chosen.names, **names})
