import os
import subprocess

import pytest

from dora.analysis import analyse
from dora.errors import SourceError
from dora.readers import git
from dora.records import PUSHED, Commit, History
from tests.unit.dora.histories import at, bad, good

AUTHOR = {
    f"GIT_{who}_{what}": "lamp@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}


@pytest.fixture(name="repository")
def _repository(tmp_path):
    """Answers the hash of a commit that it makes at a time; its own settings, nobody else's."""

    def run(*arguments, **environment):
        return subprocess.run(
            ["git", "-C", str(tmp_path), *arguments],
            env={"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
            | AUTHOR
            | environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def commit(when, message="Trim the wick"):
        date = f"{int(at(when))} +0100"
        run(
            "commit",
            "--allow-empty",
            "--quiet",
            "-m",
            message,
            GIT_COMMITTER_DATE=date,
            GIT_AUTHOR_DATE="1000000000 +0000",
        )
        return run("rev-parse", "HEAD")

    run("init", "--quiet", "--initial-branch", "main")
    commit.folder = tmp_path
    return commit


def leads(history, repository):
    with_commits = git.add_commits(history, repository.folder)
    analysed = analyse(with_commits).services["orders"]
    return {lead.commit.sha: lead.seconds for lead in analysed.leads}, with_commits


def test_commits_between_two_live_deployments_count_from_their_committer_time(repository):
    first = repository("1 09:00")
    second, third = repository("2 08:10"), repository("2 09:10", "Fix\n\nIncident: i-1")
    history = History(
        (
            good("d-1", "1 10:00", "1 10:05", "1 10:10", revision=first),
            good("d-2", "2 10:00", "2 10:05", "2 10:10", revision=third),
        )
    )

    seconds, with_commits = leads(history, repository)

    assert seconds == {second: 7200, third: 3600}
    assert with_commits.deployments[1].commits[0].incidents == ("i-1",)


def test_commits_of_a_failed_attempt_are_in_the_next_range(repository):
    first, lost, fixed = repository("1 09:00"), repository("2 08:10"), repository("3 09:10")
    history = History(
        (
            good("d-1", "1 10:00", "1 10:05", "1 10:10", revision=first),
            bad(
                "d-2",
                "2 10:00",
                "2 10:05",
                "2 10:08",
                revision=lost,
                commits=(Commit(lost, at("2 09:00"), PUSHED),),
            ),
            good("d-3", "3 10:00", "3 10:05", "3 10:10", revision=fixed),
        )
    )

    seconds, _ = leads(history, repository)

    assert seconds == {lost: 26 * 3600, fixed: 3600}


def test_a_commit_that_was_tried_beside_the_line_and_left_there_never_went_live(repository):
    """A rehearsal's prepared mistake is a commit on top of the line; the next release does not have it."""
    first, second = repository("1 09:00"), repository("3 09:10")
    tried = (Commit("e" * 40, at("2 09:00"), PUSHED),)
    history = History(
        (
            good("d-1", "1 10:00", "1 10:05", "1 10:10", revision=first),
            bad("d-2", "2 10:00", "2 10:05", "2 10:08", revision="e" * 40, commits=tried),
            good("d-3", "3 10:00", "3 10:05", "3 10:10", revision=second),
        )
    )

    seconds, with_commits = leads(history, repository)

    assert seconds == {second: 3600}
    assert with_commits.deployments[1].commits == tried


def test_a_deployment_without_a_revision_does_not_bring_what_waits(repository):
    first, second = repository("1 09:00"), repository("3 09:10")
    tried = (Commit("e" * 40, at("2 09:00"), PUSHED),)
    history = History(
        (
            good("d-1", "1 10:00", "1 10:05", "1 10:10", revision=first),
            bad("d-2", "2 10:00", "2 10:05", "2 10:08", revision="e" * 40, commits=tried),
            good("d-by-hand", "2 11:00", "2 11:05", "2 11:10"),
            good("d-3", "3 10:00", "3 10:05", "3 10:10", revision=second),
        )
    )

    seconds, _ = leads(history, repository)

    assert seconds == {second: 3600}


def test_a_revision_that_git_does_not_know_is_noted(repository):
    first = repository("1 09:00")
    history = History(
        (
            good("d-1", "1 10:00", "1 10:05", "1 10:10", revision=first),
            good("d-2", "2 10:00", "2 10:05", "2 10:10", revision="e" * 40),
            good("d-3", "3 10:00", "3 10:05", "3 10:10", revision="--output=/tmp/x"),
        )
    )

    _, with_commits = leads(history, repository)

    assert [note.id for note in with_commits.notes] == ["d-2", "d-3"]
    assert with_commits.notes[1].reason.endswith("a revision must be a commit's hash")


def test_no_repository_is_said(tmp_path):
    with pytest.raises(SourceError, match=r"--git .*not a git repository"):
        git.add_commits(History(), tmp_path)


def test_a_commit_that_the_clone_lacks_is_named_with_what_to_do(repository):
    first = repository("1 09:00")
    history = History(
        (
            good("d-1", "1 10:00", "1 10:05", "1 10:10", revision=first),
            good("d-2", "2 10:00", "2 10:05", "2 10:10", revision="e" * 40),
        )
    )

    _, with_commits = leads(history, repository)

    (note,) = with_commits.notes
    assert note.reason.startswith("this clone has no commit eeeeeeeeeeee: `git fetch` brings it")
    assert "fatal" not in note.reason


def test_letters_of_several_bytes_survive_the_edge_of_a_chunk(repository):
    """git's output is read in pieces of 64 KiB; an umlaut may lie across the edge."""
    first = repository("1 09:00")
    for day in range(2, 5):
        repository(f"{day} 09:00", "Ä" + "ü" * 40_000)
    last = repository("5 09:00")
    history = History(
        (
            good("d-1", "1 10:00", "1 10:05", "1 10:10", revision=first),
            good("d-2", "5 10:00", "5 10:05", "5 10:10", revision=last),
        )
    )

    _, with_commits = leads(history, repository)

    subjects = {commit.subject for commit in with_commits.deployments[1].commits}
    assert "Ä" + "ü" * 119 in subjects
    assert not any("\ufffd" in subject for subject in subjects)
