"""In CodeBuild's place: runs a buildspec's phases in a container of its own."""
