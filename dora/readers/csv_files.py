"""The reader of `--csv`: a folder with deployments.csv, and optionally commits.csv and incidents.csv."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from operator import itemgetter
from pathlib import Path

from dora import commit_messages
from dora.errors import InputError, SourceError
from dora.readers.csv_formats import (
    COMMIT_IDS,
    COMMITS,
    DEPLOYMENTS,
    DURATION_MS,
    DURATION_S,
    ENVIRONMENT,
    INCIDENTS,
    STATUS_WORDS,
    CsvFormat,
)
from dora.records import (
    FAILED,
    LISTED,
    REPORTS,
    RUNNING,
    STATUSES,
    STOPPED,
    SUCCEEDED,
    Commit,
    Deployment,
    History,
    Incident,
    Note,
)
from dora.times import instant

OURS = CsvFormat()
MOST_LETTERS = 1_000_000  # of one field
NEVER = "never"  # in exposed_at: no user saw it
NAMES = re.compile(r"[^\s,\[\]\"']+")  # in a list of commits, however it is written
GRAVITY = (SUCCEEDED, RUNNING, STOPPED, FAILED)  # the worst row decides about a deployment of several


class Wrong(ValueError):
    """A value that a column can't have."""

    def __init__(self, column: str, expected: str) -> None:
        super().__init__(expected)
        self.column, self.expected = column, expected


def read(folder: Path, layout: CsvFormat = OURS) -> History:
    """The history in a folder.

    Raises InputError with a message for each mistake, naming file, line and column; SourceError where the
    file of deployments can't be read."""
    if not folder.is_dir():
        raise SourceError(f"--csv {folder}: there is no such folder; it holds deployments.csv")
    reader = _Reader(folder, layout)
    history = reader.history()
    if reader.mistakes:
        raise InputError(*reader.mistakes)
    return history


class _Reader:
    """Reads a folder, and gathers the mistakes of all its files."""

    def __init__(self, folder: Path, layout: CsvFormat) -> None:
        self._folder, self._format = folder, layout
        self._notes: list[Note] = []
        self.mistakes: list[str] = []

    def history(self) -> History:
        """Everything in the folder; incomplete where there are mistakes."""
        commits = _CommitLists()
        if path := self._file(self._format.commits):
            self._read_commits(path, commits)
        if self._format.diffs and (path := self._file((self._format.diffs,))):
            self._read_diffs(path, commits)
        deployments = self._deployments(self._file(self._format.deployments), commits)
        self._check_names(deployments, commits)
        path = self._file(self._format.incidents)
        incidents = self._incidents(path, deployments) if path else []
        sources = frozenset({REPORTS}) if path else frozenset[str]()
        return History(
            tuple(deployments.values()), tuple(incidents), tuple(self._notes), incident_sources=sources
        )

    def _file(self, names: tuple[str, ...]) -> Path | None:
        """The first file that is there; of deployments the last name, whose absence is an error."""
        paths = [self._folder / name for name in names]
        present = next((path for path in paths if path.exists()), None)
        return present or (paths[-1] if names == self._format.deployments else None)

    def _read_commits(self, path: Path, commits: "_CommitLists") -> None:
        lists_deployments = not (self._format.diffs or self._format.names.get(COMMIT_IDS))
        columns = COMMITS if lists_deployments else COMMITS | {"deployment_id": False}
        for line, (sha, committed_at, deployment_id, message) in self._rows(path, columns):
            try:
                at = self._instant("committed_at", committed_at)
            except Wrong as wrong:
                self._mistake(path, line, wrong, committed_at)
                continue
            commit = commit_messages.commit(sha, at, message)
            if deployment_id:
                commits.by_deployment.setdefault(deployment_id, (line, []))[1].append(commit)
            else:
                commits.by_sha[sha] = commit

    def _read_diffs(self, path: Path, commits: "_CommitLists") -> None:
        columns = {"new_commit_sha": True, "commit_sha": True}
        for _, (revision, sha) in self._rows(path, columns, own_names=True):
            commits.by_revision.setdefault(revision, []).append(sha)

    def _deployments(self, path: Path | None, commits: "_CommitLists") -> dict[str, Deployment]:
        deployments: dict[str, Deployment] = {}
        lines: dict[str, int] = {}
        if path is None:
            return deployments
        needed = DEPLOYMENTS | ({"status": False} if self._format.status else {})
        if self._format.names.get("service"):
            needed |= {"service": False}
        extra = {DURATION_S: False, DURATION_MS: False, COMMIT_IDS: False, ENVIRONMENT: False}
        skipped = 0
        for line, values in self._rows(path, needed | extra):
            *own, duration_s, duration_ms, commit_ids, environment = values
            if self._format.production and environment.lower() not in self._format.production:
                skipped += 1
                continue
            try:
                brought = commits.of(own[0], own[4], commit_ids)
                deployment = self._deployment(own, duration_s, duration_ms, brought, f"{path}, line {line}")
            except Wrong as wrong:
                self._mistake(path, line, wrong, own[list(DEPLOYMENTS).index(wrong.column)])
                continue
            earlier = deployments.get(deployment.id)
            if earlier is None:
                deployments[deployment.id], lines[deployment.id] = deployment, line
            elif self._format.merges_rows:
                deployments[deployment.id] = _merged(earlier, deployment)
            elif earlier != deployment:
                has_other_service = earlier.service != deployment.service
                what = f"the service {earlier.service}" if has_other_service else "the values"
                expected = f"{what} of line {lines[deployment.id]}, which has this id too"
                self._mistake(path, line, Wrong("id", expected), deployment.id)
        if skipped:
            reason = f"{skipped} lines of other environments than production are left out"
            self._notes.append(Note(path.name, "environment", reason))
        return deployments

    def _deployment(
        self,
        values: list[str],
        duration_s: str,
        duration_ms: str,
        commits: tuple[Commit, ...],
        origin: str,
    ) -> Deployment:
        """A deployment of the values of DEPLOYMENTS' columns. Raises Wrong."""
        (
            deployment_id,
            service,
            status_word,
            started,
            revision,
            triggered,
            exposed,
            live,
            ended,
            restored,
            rollback_of,
            branch,
            fixes,
            incidents,
            error,
        ) = values
        status = STATUS_WORDS.get(status_word.lower() or self._format.status)
        if status is None:
            raise Wrong("status", f"one of {', '.join(STATUSES)}")
        started_at = self._instant("started_at", started)
        ended_at = self._optional("ended_at", ended)
        if ended_at is None and (duration_s or duration_ms):
            ended_at = started_at + (float(duration_s) if duration_s else float(duration_ms) / 1000)
        is_never_exposed = exposed.lower() == NEVER
        return Deployment(
            id=deployment_id,
            service=service or self._folder.resolve().name,
            status=status,
            started_at=started_at,
            revision=revision,
            triggered_at=self._optional("triggered_at", triggered),
            exposed_at=None if is_never_exposed else self._optional("exposed_at", exposed),
            never_exposed=is_never_exposed,
            live_at=self._optional("live_at", live),
            ended_at=ended_at,
            restored_at=self._optional("restored_at", restored),
            is_rollback=bool(rollback_of),
            rollback_of=rollback_of,
            branch=branch,
            error=error,
            fixes=tuple(fixes.split()),
            incidents=tuple(incidents.split()),
            commits=commits,
            commits_are=LISTED if commits else "",
            origin=origin,
        )

    def _check_names(self, deployments: dict[str, Deployment], commits: "_CommitLists") -> None:
        path = self._file(self._format.commits)
        for deployment_id, (line, _) in commits.by_deployment.items():
            if path and deployment_id not in deployments:
                wrong = Wrong("deployment_id", "a deployment of deployments.csv")
                self._mistake(path, line, wrong, deployment_id)

    def _incidents(self, path: Path, deployments: dict[str, Deployment]) -> list[Incident]:
        by_commit = {
            commit.sha: deployment.id for deployment in deployments.values() for commit in deployment.commits
        }
        caused_by = self._links()
        incidents: dict[tuple[str, str], tuple[int, Incident]] = {}
        has_services = not self._format.names.get("service")
        needed = INCIDENTS if has_services else INCIDENTS | {"service": False}
        for line, values in self._rows(path, needed | {COMMIT_IDS: False}):
            incident_id, service, opened, closed, deployment_id, title, commit_ids = values
            causes = [by_commit[sha] for sha in NAMES.findall(commit_ids) if sha in by_commit]
            deployment_id = deployment_id or caused_by.get(incident_id, "") or (causes[0] if causes else "")
            if not has_services:
                cause = deployments.get(deployment_id)
                service = cause.service if cause else service or self._folder.resolve().name
            try:
                incident = Incident(
                    id=incident_id,
                    service=service,
                    opened_at=self._instant("opened_at", opened),
                    closed_at=self._optional("closed_at", closed),
                    deployment=deployment_id,
                    title=title,
                    origin=f"{path}, line {line}",
                )
            except Wrong as wrong:
                self._mistake(path, line, wrong, {"opened_at": opened, "closed_at": closed}[wrong.column])
                continue
            earlier_line, earlier = incidents.setdefault((incident_id, service), (line, incident))
            if earlier != incident:
                expected = f"the values of line {earlier_line}, which has this id and service too"
                self._mistake(path, line, Wrong("id", expected), incident_id)
        return [incident for _, incident in incidents.values()]

    def _links(self) -> dict[str, str]:
        """Deployments that caused an incident, by incident."""
        path = self._file((self._format.links,)) if self._format.links else None
        columns = {"id": True, "deployment_id": True}
        rows = self._rows(path, columns, own_names=True) if path else ()
        return {incident_id: deployment_id for _, (incident_id, deployment_id) in rows}

    def _instant(self, column: str, text: str) -> float:
        try:
            return instant(text, is_utc=self._format.is_utc)
        except ValueError as error:
            raise Wrong(column, str(error).removeprefix("expected ")) from None

    def _optional(self, column: str, text: str) -> float | None:
        return self._instant(column, text) if text else None

    def _mistake(self, path: Path, line: int, wrong: Wrong, value: str) -> None:
        actual = f", found {value!r}" if value else ""
        self.mistakes.append(f"{path}, line {line}, column {wrong.column}: expected {wrong.expected}{actual}")

    def _rows(
        self, path: Path, columns: dict[str, bool], *, own_names: bool = False
    ) -> Iterator[tuple[int, tuple[str, ...]]]:
        """A file's rows by our columns, each with its line; mistakes of its form are gathered."""
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                yield from self._parsed(path, file, columns, own_names=own_names)
        except OSError as error:
            raise SourceError(f"{path}: {error.strerror or error}") from None
        except UnicodeDecodeError:
            self._find_wrong_bytes(path)

    def _parsed(
        self, path: Path, file: Iterable[str], columns: dict[str, bool], *, own_names: bool
    ) -> Iterator[tuple[int, tuple[str, ...]]]:
        csv.field_size_limit(MOST_LETTERS)
        reader = csv.reader(file, strict=True)
        try:
            names = [name.strip() for name in next(reader, [])]
            pick = self._picker(path, names, columns, own_names=own_names)
            if pick is None:
                return
            required = [number for number, is_needed in enumerate(columns.values()) if is_needed]
            for values in reader:
                if not any(values):
                    continue
                line = reader.line_num
                if len(values) != len(names):
                    self.mistakes.append(
                        f"{path}, line {line}: expected {len(names)} columns, found {len(values)}"
                    )
                    continue
                values.append("")
                row = tuple(map(str.strip, pick(values)))
                lacking = [number for number in required if not row[number]]
                for number in lacking:
                    self._mistake(path, line, Wrong(list(columns)[number], "a value"), "")
                if not lacking:
                    yield line, row
        except csv.Error as error:
            self.mistakes.append(f"{path}, line {reader.line_num}: expected CSV: {error}")

    def _find_wrong_bytes(self, path: Path) -> None:
        """A mistake for each line that is no UTF-8."""
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                place = f"byte {line[error.start]:#04x} at position {error.start + 1}"
                self.mistakes.append(f"{path}, line {number}: expected UTF-8, found {place}")

    def _picker(
        self, path: Path, names: list[str], columns: dict[str, bool], *, own_names: bool
    ) -> Callable[[list[str]], tuple[str, ...]] | None:
        """A function that picks our columns' values of a row; None where a needed column is missing."""
        places = []
        for column, is_needed in columns.items():
            candidates = (column,) if own_names else self._format.names_of(column)
            name = next((name for name in candidates if name in names), "")
            if not name and is_needed:
                called = "" if candidates == (column,) else f" ({' or '.join(candidates)})"
                expected = ", ".join(DEPLOYMENTS if "status" in columns else columns)
                self.mistakes.append(
                    f"{path}, line 1: the column {column}{called} is missing; expected {expected}"
                )
                return None
            places.append(names.index(name) if name else len(names))
        if len(set(names)) != len(names):
            self.mistakes.append(f"{path}, line 1: a column stands there twice")
            return None
        unknown = [name for number, name in enumerate(names) if number not in places and name]
        if unknown and not own_names:
            reason = f"columns that are not read: {', '.join(unknown)}"
            self._notes.append(Note(path.name, "line 1", reason))
        return itemgetter(*places)


class _CommitLists:
    """The commits of a folder: by the deployment that a file names, or by a list of their hashes."""

    def __init__(self) -> None:
        self.by_deployment: dict[str, tuple[int, list[Commit]]] = {}  # with the first line that names it
        self.by_sha: dict[str, Commit] = {}
        self.by_revision: dict[str, list[str]] = {}

    def of(self, deployment_id: str, revision: str, commit_ids: str) -> tuple[Commit, ...]:
        """The commits of a deployment."""
        _, commits = self.by_deployment.get(deployment_id, (0, []))
        shas = [*NAMES.findall(commit_ids), *self.by_revision.get(revision, [])]
        return (*commits, *(self.by_sha[sha] for sha in shas if sha in self.by_sha))


def _merged(first: Deployment, second: Deployment) -> Deployment:
    """Two rows of one deployment as one: the whole time of both, and the worse status."""
    ends = [end for end in (first.ended_at, second.ended_at) if end is not None]
    by_sha = {commit.sha: commit for commit in (*first.commits, *second.commits)}
    return replace(
        first,
        status=max(first.status, second.status, key=GRAVITY.index),
        started_at=min(first.started_at, second.started_at),
        ended_at=max(ends, default=None),
        commits=tuple(by_sha.values()),
        commits_are=LISTED if by_sha else "",
    )
