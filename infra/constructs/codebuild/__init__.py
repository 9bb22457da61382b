"""The CodeBuild project that builds and pushes the images."""
