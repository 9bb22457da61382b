"""Reads a buildspec as CodeBuild does, and refuses a wrong one in CodeBuild's words, with the line.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from local.pipeline.coded_error import CodedError

PHASES = ("install", "pre_build", "build", "post_build")
TOP_KEYS = {"version", "env", "phases", "reports", "artifacts", "cache"}
ENV_KEYS = {"shell", "variables", "parameter-store", "exported-variables"}
PHASE_KEYS = {"on-failure", "commands", "finally"}
REPORT_KEYS = {"files", "base-directory", "discard-paths", "file-format"}
ARTIFACT_KEYS = {"files", "base-directory", "discard-paths", "name"}
CACHE_KEYS = {"paths"}
# CodeBuild acts on these and a build here would ignore them, so they are refused by name
UNSUPPORTED_KEYS = {
    *("run-as", "proxy", "batch", "secrets-manager", "git-credential-helper", "steps", "exclude-paths"),
    *("enable-symlinks", "s3-prefix", "secondary-artifacts", "key", "fallback-keys", "action"),
}
SHELLS = ("bash", "/bin/bash", "sh", "/bin/sh")
ON_FAILURE = ("ABORT", "CONTINUE")
# Phases after whose failure the build continues unless they say otherwise ("Build phase transitions"):
# https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
CONTINUE_BY_DEFAULT = ("build", "post_build")

NodePath = tuple[str, ...]  # the keys and list indexes that lead to a node of the file


class BuildspecError(CodedError):
    """The build ends before its first command, with CodeBuild's status YAML_FILE_ERROR."""

    def __init__(self, message: str) -> None:
        super().__init__("YAML_FILE_ERROR", message)


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase: its commands, those of `finally`, and whether its failure ends the build."""

    name: str
    commands: tuple[str, ...]
    always: tuple[str, ...]
    aborts: bool
    runtimes: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Buildspec:
    """The content of a buildspec. Its members are what the build agent reads."""

    shell: str = "sh"
    variables: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)  # variable → SSM parameter
    exported: tuple[str, ...] = ()
    phases: tuple[Phase, ...] = ()
    files: tuple[str, ...] = ()
    base_directory: str = "."
    discard_paths: bool = False
    reports: tuple[str, ...] = ()
    cache_paths: tuple[str, ...] = ()


def read(text: str, name: str = "buildspec.yml") -> Buildspec:
    """Parse and check a buildspec. Raises BuildspecError, which names the file and the line."""
    try:
        tree = yaml.compose(text, yaml.BaseLoader)
        content = yaml.load(text, yaml.BaseLoader)  # noqa: S506  it makes texts, lists and maps, nothing else
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise BuildspecError(f"{name}: {error.problem} at line {line}") from None
    except yaml.YAMLError as error:
        raise BuildspecError(f"{name}: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise BuildspecError(f"{name}: nested too deeply") from None
    if not isinstance(content, dict):
        raise BuildspecError(f"{name}: wrong number of container tags, expected 1")
    return _Reader(name, tree).read(content)


class _Reader:
    """Checks the content and finds the lines in the tree. Every scalar is the text that the file has."""

    def __init__(self, name: str, tree: Any) -> None:
        self._name, self._tree = name, tree

    def read(self, content: dict[str, Any]) -> Buildspec:
        self._check_keys(content, TOP_KEYS, ())
        if content.get("version") != "0.2":
            message = f"invalid buildspec version {content.get('version')!r}, expected 0.2"
            raise self._error(message, ("version",))
        phases = content.get("phases")
        if not isinstance(phases, dict) or not phases:
            raise self._error("at least one phase is required", ("phases",))
        self._check_keys(phases, set(PHASES), ("phases",))
        env = self._map(content, ("env",), ENV_KEYS)
        artifacts = self._map(content, ("artifacts",), ARTIFACT_KEYS)
        files = self._strings(artifacts.get("files", []), "Files", ("artifacts", "files"))
        if "artifacts" in content and not files:
            raise self._error("artifacts.files is required", ("artifacts",))
        cache = self._map(content, ("cache",), CACHE_KEYS)
        return Buildspec(
            shell=self._choice(env, ("env", "shell"), SHELLS, "sh"),
            variables=self._texts(env, ("env", "variables")),
            parameters=self._texts(env, ("env", "parameter-store")),
            exported=self._exported(env),
            phases=tuple(self._phase(name, phases[name]) for name in PHASES if name in phases),
            files=files,
            base_directory=self._text(artifacts, ("artifacts", "base-directory"), "."),
            discard_paths=self._is_yes(artifacts, ("artifacts", "discard-paths")),
            reports=self._reports(content),
            cache_paths=self._strings(cache.get("paths", []), "Paths", ("cache", "paths")),
        )

    def _phase(self, name: str, phase: Any) -> Phase:
        path = ("phases", name)
        if not isinstance(phase, dict) or not phase:
            raise self._error(f"phase {name} is empty", path)
        self._check_keys(phase, PHASE_KEYS | ({"runtime-versions"} if name == "install" else set()), path)
        default = "CONTINUE" if name in CONTINUE_BY_DEFAULT else "ABORT"
        on_failure = self._text(phase, (*path, "on-failure"), default)
        if on_failure not in ON_FAILURE:
            message = f"invalid value {on_failure!r} for on-failure, expected ABORT or CONTINUE"
            if on_failure.startswith("RETRY"):
                message = f"on-failure {on_failure} is CodeBuild's and is not supported here"
            raise self._error(message, (*path, "on-failure"))
        return Phase(
            name,
            self._strings(phase.get("commands", []), "Commands", (*path, "commands")),
            self._strings(phase.get("finally", []), "Finally", (*path, "finally")),
            on_failure == "ABORT",
            self._texts(phase, (*path, "runtime-versions")),
        )

    def _reports(self, content: dict[str, Any]) -> tuple[str, ...]:
        reports = self._map(content, ("reports",))
        for name in reports:
            path = ("reports", name)
            report = self._map(reports, path, REPORT_KEYS)
            if not self._strings(report.get("files", []), "Files", (*path, "files")):
                raise self._error(f"reports.{name}.files is required", path)
        return tuple(reports)

    def _exported(self, env: dict[str, Any]) -> tuple[str, ...]:
        path = ("env", "exported-variables")
        names = self._strings(env.get("exported-variables", []), "ExportedVariables", path)
        for index, name in enumerate(names):
            if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
                raise self._error(f"{name!r} is no name of a variable", (*path, str(index)))
        return names

    def _is_yes(self, parent: dict[str, Any], path: NodePath) -> bool:
        return self._choice(parent, path, ("yes", "no", "true", "false"), "no").lower() in ("yes", "true")

    def _strings(self, value: Any, label: str, path: NodePath) -> tuple[str, ...]:
        """A list of texts; `label` is CodeBuild's own name for it in messages."""
        if value == "":
            return ()
        if not isinstance(value, list):
            raise self._error(f"expected {label} to be a list", path)
        for index, entry in enumerate(value):
            line = self._line((*path, str(index)))
            if isinstance(entry, dict | list):
                raise BuildspecError(
                    f"{self._name}: Expected {label}[{index}] to be of string type: found subkeys instead "
                    f"at line {line}, value of the key tag on line {line - 1} might be empty"
                )
            if not entry:
                raise self._error(f"{label}[{index}] is empty", (*path, str(index)))
        return tuple(value)

    def _texts(self, parent: dict[str, Any], path: NodePath) -> dict[str, str]:
        """A map of names to texts."""
        texts = self._map(parent, path)
        return {key: self._text(texts, (*path, key), "") for key in texts}

    def _text(self, parent: dict[str, Any], path: NodePath, default: str) -> str:
        value = parent.get(path[-1], default)
        if not isinstance(value, str):
            raise self._error(f"expected {path[-1]} to be of string type: found subkeys instead", path)
        return value

    def _choice(self, parent: dict[str, Any], path: NodePath, choices: Iterable[str], default: str) -> str:
        value = self._text(parent, path, default)
        if value.lower() not in choices:
            message = f"invalid value {value!r} for {path[-1]}, expected one of {', '.join(choices)}"
            raise self._error(message, path)
        return value

    def _map(self, parent: dict[str, Any], path: NodePath, known: set[str] | None = None) -> dict[str, Any]:
        value = parent.get(path[-1]) or {}
        if not isinstance(value, dict):
            raise self._error(f"{path[-1]} must be a map", path)
        if known is not None:
            self._check_keys(value, known, path)
        return value

    def _check_keys(self, content: dict[str, Any], known: set[str], path: NodePath) -> None:
        for key in content:
            if key in UNSUPPORTED_KEYS - known:
                raise self._error(f"{key} is CodeBuild's and is not supported here", (*path, key))
            if key not in known:
                raise self._error(f"unknown key {key!r}, expected {', '.join(sorted(known))}", (*path, key))

    def _error(self, message: str, path: NodePath) -> BuildspecError:
        return BuildspecError(f"{self._name}: {message} at line {self._line(path)}")

    def _line(self, path: NodePath) -> int:
        """The line where a node begins, or that of the innermost node around it that exists."""
        node, line = self._tree, 1
        for part in path:
            if isinstance(node, yaml.SequenceNode):
                node = node.value[int(part)]
                line = node.start_mark.line + 1
                continue
            pairs = node.value if isinstance(node, yaml.MappingNode) else []
            pair = next(((key, value) for key, value in pairs if key.value == part), None)
            if not pair:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        return int(line)
