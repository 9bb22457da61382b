"""In CodeCommit's place: the repository that `git push` reaches."""
