import subprocess
from pathlib import Path

import pytest

from local.rehearsal import commits
from local.rehearsal.errors import CouldNotRun

ROOT = Path(__file__).parents[4]
CHANGED = {
    "errors": ["services/orders/routes.py"],
    "slow": ["services/catalog/routes.py"],
    "unhealthy": ["taskdef.json"],
    "smoke-fails": ["taskdef.json"],
    "crash": ["services/catalog/routes.py"],
}


def git(folder, *arguments):
    command = [
        "git",
        "-C",
        str(folder),
        "-c",
        "user.name=Ada",
        "-c",
        "user.email=ada@lantern.invalid",
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(name="checkout")
def _checkout(tmp_path):
    """The files that releases change, as they are now, in a repository of their own."""
    for name in {name for names in CHANGED.values() for name in names}:
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "Open the shop")
    return tmp_path


@pytest.mark.parametrize("name", CHANGED)
def test_a_prepared_release_is_one_commit_on_top_that_changes_one_file_and_compiles(checkout, name):
    base = commits.resolve(checkout, "HEAD")

    made = commits.release(checkout, base, name)

    assert git(checkout, "rev-parse", f"{made.id}^") == base.id
    assert git(checkout, "diff", "--name-only", base.id, made.id).splitlines() == CHANGED[name]
    assert commits.MEANINGS[name] in git(checkout, "log", "-1", "--format=%s", made.id)
    if CHANGED[name][0].endswith(".py"):
        compile(git(checkout, "show", f"{made.id}:{CHANGED[name][0]}"), name, "exec")


def test_every_release_with_a_patch_is_looked_at():
    assert CHANGED.keys() == {path.stem for path in commits.RELEASES.glob("*.patch")}


def test_index_branch_and_files_of_the_checkout_stay_as_they_are(checkout):
    (checkout / "taskdef.json").write_text("half written")
    before = git(checkout, "status", "--porcelain"), git(checkout, "rev-parse", "HEAD")

    commits.release(checkout, commits.resolve(checkout, "main"), "errors")

    assert (git(checkout, "status", "--porcelain"), git(checkout, "rev-parse", "HEAD")) == before
    assert not commits.is_clean(checkout)


def test_the_good_release_is_the_commit_itself(checkout):
    base = commits.resolve(checkout, "HEAD")

    assert commits.release(checkout, base, "good") == base
    assert base.version == base.id[:7]


@pytest.mark.parametrize("revision", ["no-such-branch", "--output=/tmp/x", "HEAD~99", ""])
def test_a_commit_that_is_not_there_is_refused_with_what_to_type(checkout, revision):
    with pytest.raises(CouldNotRun, match=r"COMMIT=.*git finds no such commit.*make rehearse COMMIT=HEAD"):
        commits.resolve(checkout, revision)


def test_an_unknown_release_is_refused_with_those_that_are_there(checkout):
    with pytest.raises(CouldNotRun, match="RELEASE=bad: expected one of good, errors, slow"):
        commits.release(checkout, commits.resolve(checkout, "HEAD"), "bad")


def test_a_release_that_does_not_fit_the_commit_is_refused(checkout):
    (checkout / "services/orders/routes.py").write_text("# all new\n")
    git(checkout, "commit", "--quiet", "--all", "--message", "Begin anew")

    with pytest.raises(CouldNotRun, match="RELEASE=errors changes a place that is different in"):
        commits.release(checkout, commits.resolve(checkout, "HEAD"), "errors")


def test_a_push_brings_the_commit_under_a_name_that_starts_nothing(checkout, tmp_path_factory):
    there = tmp_path_factory.mktemp("there")
    git(there, "init", "--quiet", "--bare")
    made = commits.release(checkout, commits.resolve(checkout, "HEAD"), "slow")

    commits.push(checkout, made, str(there))

    assert git(there, "for-each-ref", "--format=%(refname) %(objectname)") == (
        f"refs/heads/rehearsal/{made.version} {made.id}"
    )
