import pytest

from dora.commit_messages import commit, matches_branch, signals


def test_trailers_are_found_whatever_their_case():
    message_signals = signals("Fix the wick\n\nfixes-deployment: d-1\nINCIDENT:  i-7 \nFixes-Deployment: d-2")

    assert (message_signals.fixes, message_signals.incidents) == (("d-1", "d-2"), ("i-7",))


def test_words_in_a_sentence_are_no_trailer():
    assert signals("Explain the Fixes-Deployment: d-1 trailer").fixes == ()


def test_a_revert_names_its_commit():
    assert signals(f'Revert "Trim"\n\nThis reverts commit {"a" * 40}.').reverts == ("a" * 40,)


@pytest.mark.parametrize(
    ("subject", "branch"),
    [
        ("Merge branch 'hotfix/wick' into main", "hotfix/wick"),
        ("Merge remote-tracking branch 'origin/hotfix/wick'", "origin/hotfix/wick"),
        ("Merge pull request #7 from someone/hotfix/wick", "hotfix/wick"),
        ("Merge the lanterns", ""),
    ],
)
def test_a_merge_names_its_branch(subject, branch):
    assert signals(subject).branch == branch
    assert matches_branch(branch, ("hotfix/*",)) == bool(branch)


def test_a_branch_that_only_sounds_like_it_is_no_hotfix():
    names = ("", "hotfixes", "feature/nohotfix/x", "main")

    assert not any(matches_branch(name, ("hotfix/*",)) for name in names)


def test_a_team_has_patterns_of_its_own():
    patterns = ("fix-*", "bugfix/**")

    assert matches_branch("refs/heads/fix-wick", patterns)
    assert matches_branch("origin/bugfix/wick/now", patterns)
    assert not matches_branch("hotfix/wick", patterns)


def test_a_commit_keeps_its_subject():
    assert commit("a", 1.0, "Trim the wick\n\nLong story").subject == "Trim the wick"
