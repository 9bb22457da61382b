import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.pipeline.codebuild.buildspec import BuildspecError, read

ROOT = Path(__file__).parents[5]

WHOLE = """\
version: 0.2
env:
  shell: bash
  variables:
    COLOUR: brass
    DEBUG: yes
    SCALE: 1.10
    EMPTY:
  parameter-store:
    TOKEN: /lantern/token
  exported-variables: [IMAGE_URI]
phases:
  install:
    runtime-versions:
      python: 3.10
    commands:
      - echo install
  build:
    on-failure: ABORT
    commands:
      - |
        echo one
        echo two
    finally:
      - echo whatever happens
  post_build:
    commands: [echo done]
reports:
  tests: {files: [tests.xml], base-directory: reports, file-format: JUNITXML}
artifacts:
  base-directory: deploy
  discard-paths: yes
  files: [taskdef.json, "**/*.yaml"]
cache:
  paths: ["/root/.cache/**/*"]
"""


def test_the_repositorys_own_file_is_read_whole():
    spec = read((ROOT / "buildspec.yml").read_text())

    assert [phase.name for phase in spec.phases] == ["install", "pre_build", "build", "post_build"]
    assert all(phase.aborts and phase.commands for phase in spec.phases)
    assert spec.variables.keys() == {
        "BASE_IMAGE",
        "BUILDX_NO_DEFAULT_ATTESTATIONS",
        "XRAY_DAEMON_VERSION",
    }
    assert spec.exported == ("IMAGE_URI", "SERVICE_VERSION")
    assert spec.files == ("taskdef.json", "appspec.yaml", "imageDetail.json", "build.json")
    assert spec.base_directory == "deploy"
    assert spec.reports == ("tests",)
    assert len(spec.cache_paths) == 2


def test_every_part_is_read():
    spec = read(WHOLE)

    assert spec.shell == "bash"
    assert spec.parameters == {"TOKEN": "/lantern/token"}
    assert spec.phases[1].commands == ("echo one\necho two\n",)
    assert spec.phases[1].always == ("echo whatever happens",)
    assert (spec.base_directory, spec.discard_paths) == ("deploy", True)
    assert spec.files == ("taskdef.json", "**/*.yaml")
    assert spec.cache_paths == ("/root/.cache/**/*",)


def test_a_value_is_the_text_that_stands_there():
    """A version of 3.10 is not 3.1, and yes is not true."""
    spec = read(WHOLE)

    assert spec.variables == {"COLOUR": "brass", "DEBUG": "yes", "SCALE": "1.10", "EMPTY": ""}
    assert spec.phases[0].runtimes == {"python": "3.10"}


@pytest.mark.parametrize(
    ("phase", "aborts"), [("install", True), ("pre_build", True), ("build", False), ("post_build", False)]
)
def test_a_phase_that_says_nothing_fails_as_codebuilds_transitions_show(phase, aborts):
    spec = read(f"version: 0.2\nphases:\n  {phase}:\n    commands: [make]\n")

    assert spec.phases[0].aborts is aborts


HEAD = "version: 0.2\n"
BUILD = HEAD + "phases:\n  build:\n    commands: [make]\n"  # four lines
MISTAKES = {  # what is wrong: (the file, what is message of it)
    "not YAML": (BUILD + "artifacts: [", "expected the node content, but found '<stream end>' at line 5"),
    "a tab": (HEAD + "phases:\n\tbuild:", "found character '\\t' that cannot start any token at line 3"),
    "a control character": (BUILD + "# \x07", "unacceptable character #x0007"),
    "nothing": ("", "wrong number of container tags, expected 1"),
    "a list": ("- version: 0.2", "wrong number of container tags, expected 1"),
    "an unhashable key": (HEAD + "? [a]\n: 1\n", "found unhashable key at line 2"),
    "no version": ("phases: {}", "invalid buildspec version None, expected 0.2 at line 1"),
    "version 0.1": (BUILD.replace("0.2", "0.1"), "invalid buildspec version '0.1', expected 0.2 at line 1"),
    "version 0.20": (BUILD.replace("0.2", "0.20"), "invalid buildspec version '0.20'"),
    "an unknown key": (BUILD + "artefacts: {}", "unknown key 'artefacts', expected artifacts, cache, env"),
    "no phases": (HEAD, "at least one phase is required at line 1"),
    "empty phases": (HEAD + "phases: {}", "at least one phase is required at line 2"),
    "phases as a list": (HEAD + "phases:\n  - build", "at least one phase is required at line 2"),
    "an unknown phase": (
        BUILD + "  prebuild:\n    commands: [a]",
        "unknown key 'prebuild', expected build, install, post_build, pre_build at line 5",
    ),
    "an empty phase": (HEAD + "phases:\n  build:\n", "phase build is empty at line 3"),
    "a phase that is a list": (HEAD + "phases:\n  build: [make]\n", "phase build is empty at line 3"),
    "a key of a phase": (BUILD + "    command: [a]", "unknown key 'command'"),
    "runtimes in the wrong phase": (BUILD + "    runtime-versions: {a: 1}", "unknown key 'runtime-versions'"),
    "commands as text": (BUILD.replace("[make]", "make"), "expected Commands to be a list at line 4"),
    "commands as a map": (BUILD.replace("[make]", "{a: b}"), "expected Commands to be a list at line 4"),
    "a command with an unquoted colon": (
        HEAD + 'phases:\n  build:\n    commands:\n      - make\n      - echo "Hello: world"\n',
        "Expected Commands[1] to be of string type: found subkeys instead at line 6, "
        "value of the key tag on line 5 might be empty",
    ),
    "an empty command": (
        HEAD + "phases:\n  build:\n    commands:\n      - make\n      -\n",
        "Commands[1] is empty at line 6",
    ),
    "a finally that is a map": (
        BUILD + "    finally:\n      - a: b\n",
        "Expected Finally[0] to be of string type: found subkeys instead at line 6",
    ),
    "another word for a failure": (
        BUILD + "    on-failure: STOP",
        "invalid value 'STOP' for on-failure, expected ABORT or CONTINUE at line 5",
    ),
    "a failure in small letters": (BUILD + "    on-failure: abort", "invalid value 'abort' for on-failure"),
    "on-failure as a list": (BUILD + "    on-failure: [ABORT]", "expected on-failure to be of string type"),
    "env as a list": (BUILD + "env:\n  - A: b", "env must be a map at line 5"),
    "variables as a list": (BUILD + "env:\n  variables: [a]", "variables must be a map at line 6"),
    "a variable that is a map": (
        BUILD + "env:\n  variables:\n    A: {b: c}",
        "expected A to be of string type: found subkeys instead at line 7",
    ),
    "parameters as a list": (
        BUILD + "env:\n  parameter-store: [a]",
        "parameter-store must be a map at line 6",
    ),
    "exported variables as text": (
        BUILD + "env:\n  exported-variables: A",
        "expected ExportedVariables to be a list at line 6",
    ),
    "an exported variable that is none": (
        BUILD + "env:\n  exported-variables:\n    - A\n    - $B",
        "'$B' is no name of a variable at line 8",
    ),
    "another shell": (BUILD + "env:\n  shell: zsh", "invalid value 'zsh' for shell, expected one of bash"),
    "artifacts without files": (BUILD + "artifacts:\n  name: a", "artifacts.files is required at line 5"),
    "empty artifacts": (BUILD + "artifacts:\n", "artifacts.files is required at line 5"),
    "artifacts as a list": (BUILD + "artifacts: [a]", "artifacts must be a map at line 5"),
    "files as text": (BUILD + "artifacts:\n  files: a", "expected Files to be a list at line 6"),
    "paths that may be discarded": (
        BUILD + "artifacts:\n  files: [a]\n  discard-paths: perhaps",
        "invalid value 'perhaps' for discard-paths, expected one of yes, no, true, false at line 7",
    ),
    "reports as a list": (BUILD + "reports: [tests]", "reports must be a map at line 5"),
    "a report without files": (BUILD + "reports:\n  tests:\n", "reports.tests.files is required at line 6"),
    "a key of a report": (BUILD + "reports:\n  tests:\n    format: X", "unknown key 'format'"),
    "cache as a list": (BUILD + "cache: [a]", "cache must be a map at line 5"),
    "cache paths as text": (BUILD + "cache:\n  paths: a", "expected Paths to be a list at line 6"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_with_file_and_line(mistake):
    text, message = MISTAKES[mistake]

    with pytest.raises(BuildspecError) as error:
        read(text, "deploy/buildspec.yml")

    assert str(error.value).startswith("deploy/buildspec.yml: ")
    assert message in str(error.value)
    assert error.value.code == "YAML_FILE_ERROR"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (BUILD + "run-as: root", "run-as"),
        (BUILD + "proxy: {upload-artifacts: yes}", "proxy"),
        (BUILD + "batch: {build-list: []}", "batch"),
        (BUILD + "env:\n  secrets-manager: {A: b}", "secrets-manager"),
        (BUILD + "env:\n  git-credential-helper: yes", "git-credential-helper"),
        (BUILD + "    run-as: root", "run-as"),
        (BUILD + "    on-failure: RETRY-3", "on-failure RETRY-3"),
        (BUILD + "artifacts:\n  exclude-paths: [a]", "exclude-paths"),
        (BUILD + "artifacts:\n  enable-symlinks: yes", "enable-symlinks"),
        (BUILD + "artifacts:\n  s3-prefix: a", "s3-prefix"),
        (BUILD + "artifacts:\n  secondary-artifacts: {}", "secondary-artifacts"),
        (BUILD + "cache:\n  key: a", "key"),
        (BUILD + "cache:\n  fallback-keys: [a]", "fallback-keys"),
    ],
)
def test_what_codebuild_knows_and_is_not_here_is_refused_by_name(text, key):
    with pytest.raises(BuildspecError, match=f"{key} is CodeBuild's and is not supported here at line"):
        read(text)


def test_anchors_are_followed():
    spec = read(HEAD + "phases:\n  build: &one\n    commands: [make]\n  post_build: *one\n")

    assert spec.phases[0].commands == spec.phases[1].commands == ("make",)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(st.text(max_size=80))
def test_whatever_is_written_is_read_or_refused(text):
    with pytest.raises(BuildspecError):
        read(text)


@given(
    st.dictionaries(
        st.sampled_from(["env", "phases", "reports", "artifacts", "cache"]),
        st.dictionaries(
            st.sampled_from(["variables", "exported-variables", "build", "files", "paths", "shell", "tests"]),
            TREES,
            max_size=3,
        )
        | TREES,
    )
)
def test_whatever_the_parts_are_they_are_read_or_refused(parts):
    try:
        spec = read(json.dumps({"version": "0.2", **parts}))
    except BuildspecError:
        spec = None

    assert spec is None or spec.phases
