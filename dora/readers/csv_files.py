"""The reader of `--csv`: a folder with deployments.csv, and optionally commits.csv and incidents.csv."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from dora import commit_messages
from dora.errors import InputError, SourceError
from dora.records import STATUSES, Commit, Deployment, History, Incident
from dora.times import instant

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
MOST_LETTERS = 1_000_000  # of one field


def read(folder: Path) -> History:
    """The history in a folder.

    Raises InputError naming file, line and column, SourceError where deployments.csv can't be read."""
    if not folder.is_dir():
        raise SourceError(f"--csv {folder}: there is no such folder; it holds deployments.csv")
    commits = _commits(folder / "commits.csv")
    deployments: dict[str, Deployment] = {}
    for row in _rows(folder / "deployments.csv", DEPLOYMENTS):
        deployment = _deployment(row, commits)
        if deployments.setdefault(deployment.id, deployment) != deployment:
            row.fail("id", "the values of the earlier line with this id")
    for deployment_id, (row, _) in commits.items():
        if deployment_id not in deployments:
            row.fail("deployment_id", "a deployment of deployments.csv")
    has_incidents = (folder / "incidents.csv").exists()
    incidents = (
        [_incident(row) for row in _rows(folder / "incidents.csv", INCIDENTS)] if has_incidents else []
    )
    return History(tuple(deployments.values()), tuple(incidents), has_incident_source=has_incidents)


class Row:
    """A line of a file: its values by column, and errors that name file and line."""

    __slots__ = ("_columns", "_line", "_path", "_values")

    def __init__(self, path: Path, line: int, columns: dict[str, int], values: list[str]) -> None:
        self._path, self._line, self._columns, self._values = path, line, columns, values

    def text(self, column: str) -> str:
        """A column's value; empty where the file has no such column."""
        return self._values[self._columns[column]].strip()

    def required(self, column: str) -> str:
        """A column's value, which must not be empty. Raises InputError."""
        return self._values[self._columns[column]].strip() or self.fail(column, "a value")

    def instant(self, column: str) -> float:
        """A column's instant in epoch seconds. Raises InputError."""
        text = self.required(column)
        try:
            return instant(text)
        except ValueError as error:
            self.fail(column, str(error).removeprefix("expected "))

    def optional_instant(self, column: str) -> float | None:
        """A column's instant in epoch seconds; None where it is empty. Raises InputError."""
        return self.instant(column) if self.text(column) else None

    def fail(self, column: str, expected: str) -> NoReturn:
        """Raises InputError that names the column, what it should have and what it has."""
        actual = f", found {self.text(column)!r}" if self.text(column) else ""
        raise InputError(f"{self._path}, line {self._line}, column {column}: expected {expected}{actual}")


def _rows(path: Path, columns: dict[str, bool]) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            csv.field_size_limit(MOST_LETTERS)
            reader = csv.reader(file, strict=True)
            names = [name.strip() for name in next(reader, [])]
            places = _places(path, names, columns)
            for values in reader:
                if not any(values):
                    continue
                if len(values) != len(names):
                    raise InputError(
                        f"{path}, line {reader.line_num}: expected {len(names)} columns, found {len(values)}"
                    )
                values.append("")
                yield Row(path, reader.line_num, places, values)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: expected CSV in UTF-8: {error}") from None


def _places(path: Path, names: list[str], columns: dict[str, bool]) -> dict[str, int]:
    lacking = [name for name, is_required in columns.items() if is_required and name not in names]
    if lacking:
        raise InputError(f"{path}, line 1: the column {lacking[0]} is missing; expected {', '.join(columns)}")
    unknown = [name for name in names if name not in columns]
    if unknown:
        raise InputError(f"{path}, line 1: unknown column {unknown[0]!r}; expected {', '.join(columns)}")
    if len(set(names)) != len(names):
        raise InputError(f"{path}, line 1: a column stands there twice")
    return dict.fromkeys(columns, len(names)) | {name: number for number, name in enumerate(names)}


def _deployment(row: Row, commits: dict[str, tuple[Row, list[Commit]]]) -> Deployment:
    status = row.required("status")
    if status not in STATUSES:
        row.fail("status", f"one of {', '.join(STATUSES)}")
    key, rollback_of = row.required("id"), row.text("rollback_of")
    return Deployment(
        id=key,
        service=row.required("service"),
        status=status,
        started_at=row.instant("started_at"),
        revision=row.text("revision"),
        triggered_at=row.optional_instant("triggered_at"),
        exposed_at=row.optional_instant("exposed_at"),
        live_at=row.optional_instant("live_at"),
        ended_at=row.optional_instant("ended_at"),
        restored_at=row.optional_instant("restored_at"),
        is_rollback=bool(rollback_of),
        rollback_of=rollback_of,
        branch=row.text("branch"),
        error=row.text("error"),
        fixes=tuple(row.text("fixes").split()),
        incidents=tuple(row.text("incidents").split()),
        commits=tuple(commits[key][1]) if key in commits else (),
    )


def _commits(path: Path) -> dict[str, tuple[Row, list[Commit]]]:
    """Commits by deployment id, with the first line that names the deployment."""
    commits: dict[str, tuple[Row, list[Commit]]] = {}
    if not path.exists():
        return commits
    for row in _rows(path, COMMITS):
        commit = commit_messages.commit(row.required("sha"), row.instant("committed_at"), row.text("message"))
        commits.setdefault(row.required("deployment_id"), (row, []))[1].append(commit)
    return commits


def _incident(row: Row) -> Incident:
    return Incident(
        id=row.required("id"),
        service=row.required("service"),
        opened_at=row.instant("opened_at"),
        closed_at=row.optional_instant("closed_at"),
        deployment=row.text("deployment_id"),
        title=row.text("title"),
    )
