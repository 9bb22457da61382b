"""Reads a buildspec as CodeBuild does, and refuses it in CodeBuild's words, with the line.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from dataclasses import dataclass, field
from typing import Any

import yaml

PHASES = ("install", "pre_build", "build", "post_build")
PHASE_KEYS = {"on-failure", "commands", "finally", "runtime-versions"}
ENV_KEYS = {"shell", "variables", "parameter-store", "exported-variables"}
ARTIFACT_KEYS = {"files", "base-directory", "discard-paths", "name"}
TOP_KEYS = {"version", "env", "phases", "reports", "artifacts", "cache"}
ON_FAILURE = ("ABORT", "CONTINUE")
NEXT = {"install": "pre_build", "pre_build": "build", "build": "post_build"}


class BuildspecError(Exception):
    """The build ends before its first command, with CodeBuild's status YAML_FILE_ERROR."""

    code = "YAML_FILE_ERROR"


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase: commands, those that come in any case, and what a failure means for the next phases."""

    name: str
    commands: tuple[str, ...]
    always: tuple[str, ...]
    aborts: bool
    runtimes: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Buildspec:
    """All of the file that a build needs."""

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
    """Parse and check. Raises BuildspecError naming file and line."""
    try:
        tree = yaml.compose(text)
        raw = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise BuildspecError(f"{name}: {error.problem} at line {line}") from None
    if not isinstance(raw, dict):
        raise BuildspecError(f"{name}: wrong number of container tags, expected 1")
    reader = _Reader(name, tree)
    return reader.read(raw)


class _Reader:
    """Knows the lines of what it reads."""

    def __init__(self, name: str, tree: Any) -> None:
        self._name, self._tree = name, tree

    def read(self, raw: dict[str, Any]) -> Buildspec:
        self._only(raw, TOP_KEYS, ())
        if str(raw.get("version")) != "0.2":
            raise self._error(f"invalid buildspec version {raw.get('version')!r}, expected 0.2", ("version",))
        phases = raw.get("phases")
        if not isinstance(phases, dict) or not phases:
            raise self._error("at least one phase is required", ("phases",))
        env, artifacts = self._map(raw, "env", ENV_KEYS), self._map(raw, "artifacts", ARTIFACT_KEYS)
        self._only(phases, set(PHASES), ("phases",))
        files = artifacts.get("files", [])
        if artifacts and not files:
            raise self._error("artifacts.files is required", ("artifacts",))
        return Buildspec(
            shell=env.get("shell", "sh"),
            variables={key: _text(value) for key, value in env.get("variables", {}).items()},
            parameters=dict(env.get("parameter-store", {})),
            exported=tuple(env.get("exported-variables", [])),
            phases=tuple(self._phase(name, phases[name]) for name in PHASES if name in phases),
            files=tuple(self._strings(files, "Files", ("artifacts", "files"))),
            base_directory=artifacts.get("base-directory", "."),
            discard_paths=str(artifacts.get("discard-paths", "no")).lower() in ("yes", "true"),
            reports=tuple(raw.get("reports") or {}),
            cache_paths=tuple((raw.get("cache") or {}).get("paths", [])),
        )

    def _phase(self, name: str, raw: Any) -> Phase:
        where = ("phases", name)
        if not isinstance(raw, dict):
            raise self._error(f"phase {name} is empty", where)
        self._only(raw, PHASE_KEYS, where)
        on_failure = raw.get("on-failure", "CONTINUE" if name == "build" else "ABORT")
        if on_failure not in ON_FAILURE:
            raise self._error(
                f"invalid value {on_failure!r} for on-failure, expected ABORT or CONTINUE",
                (*where, "on-failure"),
            )
        runtimes = {key: str(value) for key, value in (raw.get("runtime-versions") or {}).items()}
        return Phase(
            name,
            self._strings(raw.get("commands") or [], "Commands", (*where, "commands")),
            self._strings(raw.get("finally") or [], "Finally", (*where, "finally")),
            on_failure == "ABORT",
            runtimes,
        )

    def _strings(self, raw: Any, what: str, where: tuple[str, ...]) -> tuple[str, ...]:
        if not isinstance(raw, list):
            raise self._error(f"expected {what} to be a list", where)
        for index, entry in enumerate(raw):
            if isinstance(entry, dict | list):
                line = self._line((*where, str(index)))
                raise BuildspecError(
                    f"{self._name}: Expected {what}[{index}] to be of string type: found subkeys instead "
                    f"at line {line}, value of the key tag on line {line - 1} might be empty"
                )
        return tuple(_text(entry) for entry in raw)

    def _map(self, raw: dict[str, Any], key: str, known: set[str]) -> dict[str, Any]:
        value = raw.get(key) or {}
        if not isinstance(value, dict):
            raise self._error(f"{key} must be a map", (key,))
        self._only(value, known, (key,))
        return value

    def _only(self, raw: dict[str, Any], known: set[str], where: tuple[str, ...]) -> None:
        for key in raw:
            if key not in known:
                raise self._error(
                    f"unknown key {key!r}, expected {', '.join(sorted(known))}", (*where, str(key))
                )

    def _error(self, words: str, where: tuple[str, ...]) -> BuildspecError:
        return BuildspecError(f"{self._name}: {words} at line {self._line(where)}")

    def _line(self, where: tuple[str, ...]) -> int:
        """Where a key or an entry begins, or the innermost thing around it that is there."""
        node, line = self._tree, 1
        for part in where:
            if isinstance(node, yaml.SequenceNode):
                node = node.value[int(part)]
                line = node.start_mark.line + 1
                continue
            pairs = node.value if isinstance(node, yaml.MappingNode) else []
            found = next(((key, value) for key, value in pairs if key.value == part), None)
            if not found:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return int(line)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
