"""A lab's commits are made in a work tree of its own: the trainee's uncommitted work stays as it is."""

import subprocess

import pytest

from labs import cleanup, git
from labs.attempts import Store, begin
from labs.course import find
from labs.errors import LabError
from labs.settings import Settings
from labs.workspace import Workspace


@pytest.fixture(name="checkout")
def _checkout(tmp_path, monkeypatch):
    """A repository with a commit, a changed and a new file."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    git.run(folder, "init", "--quiet", "--initial-branch", "main")
    (folder / "shop.py").write_text("print('open')\n")
    git.commit_all(folder, "Open the shop")
    (folder / "shop.py").write_text("print('half done')\n")
    (folder / "notes.txt").write_text("mine\n")
    monkeypatch.setattr(git, "ROOT", folder)
    return folder


@pytest.fixture(name="work")
def _work(tmp_path):
    settings = Settings(folder=tmp_path / "labs")
    return Workspace(settings, Store(settings.folder), begin("09", 1))


def put_back(work):
    while work.attempt.undo:
        entry = work.attempt.undo.pop()
        cleanup.undo(work, entry)
        assert not cleanup.is_left(work, entry)


def state(checkout):
    branches = git.run(checkout, "branch", "--format=%(refname:short)")
    return branches, git.run(checkout, "status", "--porcelain"), git.run(checkout, "worktree", "list")


def test_prepare_and_clean_up_leave_the_checkout_as_it_was(checkout, work):
    before = state(checkout)

    find("09").lab.prepare(work)
    tree, branch = work.facts["tree"], work.facts["branch"]
    commit = git.commit_all(tree, "Sell lanterns by the dozen")

    assert git.run(checkout, "rev-parse", branch) == commit
    assert (checkout / "shop.py").read_text() == "print('half done')\n"
    assert git.run(tree, "show", "HEAD:shop.py") == "print('open')"
    put_back(work)
    assert state(checkout) == before


def test_a_prepare_that_was_killed_half_way_is_put_back(checkout, work):
    before = state(checkout)
    tree = work.work_tree()
    (checkout / ".git" / "worktrees" / "shop" / "locked").touch()  # as git leaves it when it dies meanwhile
    (tree / ".git").unlink()

    put_back(work)

    assert state(checkout) == before


def test_without_a_commit_it_says_what_git_says(tmp_path, monkeypatch, work):
    monkeypatch.setattr(git, "ROOT", tmp_path)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)

    with pytest.raises(LabError, match=r"git worktree add .*: fatal: "):
        work.work_tree()
