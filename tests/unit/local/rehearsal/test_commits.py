import difflib
import json
import os
import subprocess
from pathlib import Path

import pytest

from local.rehearsal import commits
from local.rehearsal.errors import CouldNotRun

ROOT = Path(__file__).parents[4]
GIT = ["git", "-c", "user.name=Trainee", "-c", "user.email=trainee@lantern.invalid"]
PREPARED = [name for name in commits.RELEASES if name != commits.GOOD]
TOUCHES = {  # the files that each release changes
    "errors": ["services/orders/routes.py"],
    "slow": ["services/catalog/routes.py"],
    "hang": ["services/catalog/routes.py"],
    "unhealthy": ["taskdef.json"],
    "smoke-fails": ["taskdef.json"],
    "crash": ["services/catalog/routes.py"],
}


def git(folder, *arguments):
    result = subprocess.run([*GIT, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def commit(folder, subject, **files):
    for name, text in files.items():
        (folder / name.replace("__", "/")).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", subject)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(name="present", scope="module")
def _present(tmp_path_factory):
    """A repository with the services and the task definition as the work tree has them."""
    folder = tmp_path_factory.mktemp("present")
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "services", "taskdef.json"], capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder, "Open the shop")
    return folder


@pytest.fixture(name="checkout")
def _checkout(tmp_path):
    """A small repository with a commit, a change in the index and one in the work tree only."""
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    commit(tmp_path, "Light the lamp", taskdef="{}\n", notes="none\n")
    (tmp_path / "notes").write_text("staged\n")
    git(tmp_path, "add", "notes")
    (tmp_path / "taskdef").write_text("{1}\n")
    return tmp_path


@pytest.fixture(name="head")
def _head(present):
    return commits.resolve(present, "HEAD")


# --- releases


@pytest.mark.parametrize("name", PREPARED)
def test_a_prepared_release_changes_the_files_that_it_names_and_no_others(present, head, name):
    made = commits.release(present, head, name)

    changed = git(present, "diff", "--name-only", head.id, made.id).splitlines()
    assert changed == TOUCHES[name]
    assert git(present, "rev-parse", f"{made.id}^") == head.id
    assert made.subject == f"Prepared release {name}: {commits.RELEASES[name]}"
    assert git(present, "log", "-1", "--format=%an", made.id) == "Lantern rehearsal"


@pytest.mark.parametrize("name", PREPARED)
def test_the_files_of_a_prepared_release_can_still_be_parsed(present, head, name):
    made = commits.release(present, head, name)

    for file in TOUCHES[name]:
        text = git(present, "show", f"{made.id}:{file}")
        if file.endswith(".py"):
            compile(text, file, "exec")
        else:
            json.loads(text.replace("${", "$"))


@pytest.mark.parametrize("name", PREPARED)
def test_a_prepared_release_is_a_small_change(present, head, name):
    made = commits.release(present, head, name)

    changed = 0
    for file in TOUCHES[name]:
        before, after = (
            git(present, "show", f"{commit_id}:{file}").splitlines() for commit_id in (head.id, made.id)
        )
        changed += sum(line[:1] in "+-" for line in list(difflib.unified_diff(before, after, n=0))[2:])
    assert 0 < changed <= 16


def test_every_release_has_a_patch_and_every_patch_a_release():
    assert {file.stem for file in commits.PATCHES.glob("*.patch")} == set(PREPARED) == set(TOUCHES)


def test_a_good_release_is_the_commit_itself(present, head):
    assert commits.release(present, head, "good") is head


def test_a_release_that_does_not_apply_is_refused_saying_what_to_do(checkout):
    base = commits.resolve(checkout, "HEAD")

    with pytest.raises(CouldNotRun) as refused:
        commits.release(checkout, base, "unhealthy")

    message = str(refused.value)
    assert message.startswith(f"RELEASE=unhealthy changes a place that is different in {base.version}: ")
    assert "taskdef.json" in message
    assert "or make the mistake by hand and commit it" in message
    assert "\n" not in message


def test_index_and_work_tree_are_not_touched(present, checkout):
    commit(checkout, "Bring the task definition", **{"taskdef.json": (present / "taskdef.json").read_text()})
    (checkout / "notes").write_text("staged again\n")
    git(checkout, "add", "notes")
    (checkout / "taskdef.json").write_text("{}\n")
    os.utime(checkout / "notes", (1, 1))  # git status would like to note that in the index
    index = (checkout / ".git" / "index").read_bytes()

    commits.is_clean(checkout)
    commits.release(checkout, commits.resolve(checkout, "HEAD"), "smoke-fails")

    assert (checkout / ".git" / "index").read_bytes() == index
    assert git(checkout, "diff", "--name-only") == "taskdef.json"
    assert git(checkout, "diff", "--cached", "--name-only") == "notes"
    assert git(checkout, "branch", "--format=%(refname:short)") == "main"


def test_settings_of_the_users_git_change_nothing(present, head, monkeypatch, tmp_path):
    file = tmp_path / "gitconfig"
    file.write_text("[apply]\n\twhitespace = error-all\n[log]\n\tshowSignature = true\n\tdecorate = full\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(file))

    assert commits.resolve(present, "HEAD") == head
    assert commits.release(present, head, "slow").subject.startswith("Prepared release slow")


# --- commits


def test_a_commit_is_found_by_branch_tag_and_short_id(checkout):
    git(checkout, "tag", "v1")
    git(checkout, "tag", "--annotate", "v2", "--message", "second")
    full = git(checkout, "rev-parse", "HEAD")

    resolved = {commits.resolve(checkout, name) for name in ("HEAD", "main", "v1", "v2", full, full[:7])}

    assert resolved == {commits.Commit(full, "Light the lamp")}
    assert next(iter(resolved)).version == full[:7]


@pytest.mark.parametrize(
    "revision",
    [
        *("no-such-branch", "f" * 40, "HEAD~9", "--output=x", "-1", "--all", "--", "HEAD..HEAD", "^HEAD"),
        *("HEAD main", "HEAD:notes", "HEAD^{tree}", ":notes", "$(touch x)", "a\nb", "@{99}", "*"),
    ],
)
def test_an_unknown_revision_is_refused_with_an_example_of_a_good_one(checkout, revision):
    before = set(checkout.iterdir())

    with pytest.raises(CouldNotRun) as refused:
        commits.resolve(checkout, revision)

    assert str(refused.value).startswith(f"COMMIT={revision}: git finds no such commit in {checkout}: ")
    assert str(refused.value).endswith("make rehearse COMMIT=HEAD")
    assert set(checkout.iterdir()) == before


def test_a_folder_without_a_repository_says_so(tmp_path):
    with pytest.raises(CouldNotRun, match=r"not a git repository|exit code"):
        commits.resolve(tmp_path, "HEAD")


def test_a_subject_with_any_characters_is_read_whole(checkout):
    commit(checkout, "[red]Ünïcode[/red] \x1b[31m lamp")

    assert commits.resolve(checkout, "HEAD").subject == "[red]Ünïcode[/red] \x1b[31m lamp"


def test_a_subject_may_be_empty(checkout):
    git(checkout, "commit", "--quiet", "--allow-empty", "--allow-empty-message", "--message", "")

    assert commits.resolve(checkout, "HEAD").subject == ""


def test_untracked_files_leave_a_checkout_clean(checkout):
    dirty = commits.is_clean(checkout)
    git(checkout, "commit", "--quiet", "--all", "--message", "Tidy up")
    (checkout / "unknown").touch()

    assert not dirty
    assert commits.is_clean(checkout)


# --- push


def test_a_push_goes_to_a_branch_that_starts_no_execution(checkout, tmp_path_factory):
    bare = tmp_path_factory.mktemp("pipeline")
    git(bare, "init", "--quiet", "--bare")
    head = commits.resolve(checkout, "HEAD")

    commits.push(checkout, head, str(bare))
    commits.push(checkout, head, str(bare))

    assert git(bare, "for-each-ref", "--format=%(refname) %(objectname)") == (
        f"refs/heads/rehearsal/{head.version} {head.id}"
    )


def test_a_push_runs_no_hook_of_the_users(checkout, tmp_path_factory):
    bare = tmp_path_factory.mktemp("pipeline")
    git(bare, "init", "--quiet", "--bare")
    hook = checkout / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)

    commits.push(checkout, commits.resolve(checkout, "HEAD"), str(bare))

    assert git(bare, "for-each-ref")


def test_a_push_that_fails_says_why(checkout):
    with pytest.raises(CouldNotRun, match="nowhere"):
        commits.push(checkout, commits.resolve(checkout, "HEAD"), str(checkout / "nowhere"))
