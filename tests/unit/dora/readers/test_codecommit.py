"""GetCommit, commit by commit, against what git's own log says of the same history."""

import os
import random
import subprocess

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from dora.readers import codecommit, git
from dora.records import History
from tests.unit.dora import histories


class Repository:
    """A CodeCommit client whose answers come from a real git repository; counts what it is asked."""

    def __init__(self, folder):
        self.folder, self.requested = folder, []
        self.git("init", "-q", "-b", "main")

    def git(self, *command, at=0):
        who = {f"GIT_{role}_{what}": "t" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        when = {f"GIT_{role}_DATE": f"@{at} +0100" for role in ("AUTHOR", "COMMITTER")}
        done = subprocess.run(
            ["git", "-C", str(self.folder), *command],
            env={**os.environ, **who, **when},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, at, *parents, message="Trim the wick"):
        """One without files; `at` in epoch seconds."""
        before = [option for parent in parents for option in ("-p", parent)]
        return self.git("commit-tree", self.git("write-tree"), "-m", message, *before, at=at)

    def get_commit(self, repositoryName, commitId):
        assert repositoryName == "lantern"
        self.requested.append(commitId)
        form = "%cd%x00%P%x00%B"
        try:
            output = self.git("show", "-s", "--date=raw", f"--format={form}", commitId)
        except subprocess.CalledProcessError:
            raise refused("CommitIdDoesNotExistException") from None
        date, parents, message = output.split("\0")
        return {"commit": {"committer": {"date": date}, "parents": parents.split(), "message": message}}


def refused(code):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetCommit")


@pytest.fixture(name="repository")
def _repository(tmp_path):
    return Repository(tmp_path)


def deployed(*revisions):
    return History(
        tuple(
            histories.good(f"d-{day}", f"{day} 10:00", f"{day} 10:05", f"{day} 10:10", revision=sha)
            for day, sha in enumerate(revisions, 1)
        )
    )


def commits(history):
    return {
        deployment.id: {commit.sha for commit in deployment.commits} for deployment in history.deployments
    }


def test_every_commit_between_two_deployments_has_its_own_time_and_message(repository):
    first = repository.commit(1000)
    fix = repository.commit(2000, first, message="Fix it\n\nFixes-Deployment: d-1")
    last = repository.commit(3000, fix)

    history = codecommit.add_commits(deployed(first, last), "lantern", client=repository, answers={})

    (brought,) = (deployment.commits for deployment in history.deployments if deployment.id == "d-2")
    assert {commit.sha: commit.committed_at for commit in brought} == {fix: 2000, last: 3000}
    assert next(commit.fixes for commit in brought if commit.sha == fix) == ("d-1",)


@pytest.mark.parametrize("seed", range(12))
def test_it_says_what_git_log_says_of_merges_and_wrong_clocks(repository, seed):
    noise = random.Random(seed)
    known = [repository.commit(10_000)]
    for number in range(14):
        parents = noise.sample(known[-4:], k=min(len(known), noise.choice((1, 1, 2))))
        known.append(repository.commit(10_000 + number * 100 + noise.randint(-350, 350), *parents))
    history = deployed(known[3], known[8], known[-1])

    ours = codecommit.add_commits(history, "lantern", client=repository, answers={})

    assert commits(ours) == commits(git.add_commits(history, repository.folder))


def test_a_commit_is_asked_for_once_for_ever(repository):
    first = repository.commit(1000)
    history, answers = deployed(first, repository.commit(2000, first)), {}
    before = codecommit.add_commits(history, "lantern", client=repository, answers=answers)
    asked_first = list(repository.requested)

    after = codecommit.add_commits(history, "lantern", client=repository, answers=answers)

    assert len(asked_first) == len(set(asked_first)) == len(answers) == 2
    assert repository.requested == asked_first
    assert after == before


def test_a_repository_that_is_not_in_codecommit_is_one_note_and_changes_nothing():
    client = boto3.client(
        "codecommit", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    history = deployed("a" * 40, "b" * 40, "c" * 40)
    with Stubber(client) as stub:
        stub.add_client_error("get_commit", "RepositoryDoesNotExistException", "lantern does not exist")

        with_commits = codecommit.add_commits(history, "lantern", client=client, answers={})

    assert with_commits.deployments == history.deployments
    assert [note.id for note in with_commits.notes] == ["lantern"]
    assert "no such repository in CodeCommit" in with_commits.notes[0].reason


def test_a_commit_that_is_not_there_is_noted_with_its_deployment(repository):
    existing = repository.commit(1000)

    history = codecommit.add_commits(deployed("e" * 40, existing), "lantern", client=repository, answers={})

    assert [(note.id, note.reason) for note in history.notes] == [
        ("d-2", "lantern has no commit eeeeeeeeeeee")
    ]


def test_other_refusals_are_not_taken_for_missing_commits(repository):
    def deny(**_):
        raise refused("AccessDeniedException")

    repository.get_commit = deny

    with pytest.raises(ClientError, match="AccessDenied"):
        codecommit.add_commits(deployed("a" * 40, "b" * 40), "lantern", client=repository, answers={})


def test_a_range_without_end_is_given_up_and_noted(repository, monkeypatch):
    monkeypatch.setattr(codecommit, "MOST_COMMITS", 3)
    first = last = repository.commit(100_000)
    for number in range(5):
        last = repository.commit(900_000 + number, last)

    history = codecommit.add_commits(deployed(first, last), "lantern", client=repository, answers={})

    assert "more than 3 commits" in history.notes[0].reason
