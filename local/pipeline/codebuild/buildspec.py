"""Reads a buildspec as CodeBuild does, and refuses it in CodeBuild's words, with the line.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

PHASES = ("install", "pre_build", "build", "post_build")
TOP_KEYS = {"version", "env", "phases", "reports", "artifacts", "cache"}
ENV_KEYS = {"shell", "variables", "parameter-store", "exported-variables"}
PHASE_KEYS = {"on-failure", "commands", "finally"}
REPORT_KEYS = {"files", "base-directory", "discard-paths", "file-format"}
ARTIFACT_KEYS = {"files", "base-directory", "discard-paths", "name"}
CACHE_KEYS = {"paths"}
# What CodeBuild would act on and a build here would leave out, so it is refused by name
NOT_HERE = {
    *("run-as", "proxy", "batch", "secrets-manager", "git-credential-helper", "steps", "exclude-paths"),
    *("enable-symlinks", "s3-prefix", "secondary-artifacts", "key", "fallback-keys", "action"),
}
SHELLS = ("bash", "/bin/bash", "sh", "/bin/sh")
ON_FAILURE = ("ABORT", "CONTINUE")
# Where a phase that fails leads when it says nothing: the page "Build phase transitions"
GOES_ON = ("build", "post_build")


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
        tree = yaml.compose(text, yaml.BaseLoader)
        raw = yaml.load(text, yaml.BaseLoader)  # noqa: S506  it makes strings, lists and maps, nothing else
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise BuildspecError(f"{name}: {error.problem} at line {line}") from None
    except yaml.YAMLError as error:
        raise BuildspecError(f"{name}: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise BuildspecError(f"{name}: nested too deeply") from None
    if not isinstance(raw, dict):
        raise BuildspecError(f"{name}: wrong number of container tags, expected 1")
    return _Reader(name, tree).read(raw)


class _Reader:
    """Knows the lines of what it reads. Every scalar is the text that stands in the file."""

    def __init__(self, name: str, tree: Any) -> None:
        self._name, self._tree = name, tree

    def read(self, raw: dict[str, Any]) -> Buildspec:
        self._only(raw, TOP_KEYS, ())
        if raw.get("version") != "0.2":
            raise self._error(f"invalid buildspec version {raw.get('version')!r}, expected 0.2", ("version",))
        phases = raw.get("phases")
        if not isinstance(phases, dict) or not phases:
            raise self._error("at least one phase is required", ("phases",))
        self._only(phases, set(PHASES), ("phases",))
        env = self._map(raw, ("env",), ENV_KEYS)
        artifacts = self._map(raw, ("artifacts",), ARTIFACT_KEYS)
        files = self._strings(artifacts.get("files", []), "Files", ("artifacts", "files"))
        if "artifacts" in raw and not files:
            raise self._error("artifacts.files is required", ("artifacts",))
        cache = self._map(raw, ("cache",), CACHE_KEYS)
        return Buildspec(
            shell=self._one_of(env, "shell", SHELLS, ("env",), "sh"),
            variables=self._texts(env, ("env", "variables")),
            parameters=self._texts(env, ("env", "parameter-store")),
            exported=self._exported(env),
            phases=tuple(self._phase(name, phases[name]) for name in PHASES if name in phases),
            files=files,
            base_directory=self._text(artifacts, "base-directory", ("artifacts",), "."),
            discard_paths=self._discards(artifacts, ("artifacts",)),
            reports=self._reports(raw),
            cache_paths=self._strings(cache.get("paths", []), "Paths", ("cache", "paths")),
        )

    def _phase(self, name: str, raw: Any) -> Phase:
        where = ("phases", name)
        if not isinstance(raw, dict) or not raw:
            raise self._error(f"phase {name} is empty", where)
        self._only(raw, PHASE_KEYS | ({"runtime-versions"} if name == "install" else set()), where)
        usual = "CONTINUE" if name in GOES_ON else "ABORT"
        on_failure = self._text(raw, "on-failure", where, usual)
        if on_failure not in ON_FAILURE:
            words = f"invalid value {on_failure!r} for on-failure, expected ABORT or CONTINUE"
            if on_failure.startswith("RETRY"):
                words = f"on-failure {on_failure} is CodeBuild's and is not supported here"
            raise self._error(words, (*where, "on-failure"))
        return Phase(
            name,
            self._strings(raw.get("commands", []), "Commands", (*where, "commands")),
            self._strings(raw.get("finally", []), "Finally", (*where, "finally")),
            on_failure == "ABORT",
            self._texts(raw, (*where, "runtime-versions")),
        )

    def _reports(self, raw: dict[str, Any]) -> tuple[str, ...]:
        reports = self._map(raw, ("reports",))
        for name in reports:
            where = ("reports", name)
            report = self._map(reports, where, REPORT_KEYS)
            if not self._strings(report.get("files", []), "Files", (*where, "files")):
                raise self._error(f"reports.{name}.files is required", where)
        return tuple(reports)

    def _exported(self, env: dict[str, Any]) -> tuple[str, ...]:
        where = ("env", "exported-variables")
        names = self._strings(env.get("exported-variables", []), "ExportedVariables", where)
        for index, name in enumerate(names):
            if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
                raise self._error(f"{name!r} is no name of a variable", (*where, str(index)))
        return names

    def _discards(self, raw: dict[str, Any], where: tuple[str, ...]) -> bool:
        known = ("yes", "no", "true", "false")
        return self._one_of(raw, "discard-paths", known, where, "no").lower() in ("yes", "true")

    def _strings(self, raw: Any, what: str, where: tuple[str, ...]) -> tuple[str, ...]:
        if raw == "":
            return ()
        if not isinstance(raw, list):
            raise self._error(f"expected {what} to be a list", where)
        for index, entry in enumerate(raw):
            line = self._line((*where, str(index)))
            if isinstance(entry, dict | list):
                raise BuildspecError(
                    f"{self._name}: Expected {what}[{index}] to be of string type: found subkeys instead "
                    f"at line {line}, value of the key tag on line {line - 1} might be empty"
                )
            if not entry:
                raise self._error(f"{what}[{index}] is empty", (*where, str(index)))
        return tuple(raw)

    def _texts(self, raw: dict[str, Any], where: tuple[str, ...]) -> dict[str, str]:
        """A map of names to texts."""
        found = self._map(raw, where)
        return {key: self._text(found, key, where, "") for key in found}

    def _text(self, raw: dict[str, Any], key: str, where: tuple[str, ...], otherwise: str) -> str:
        value = raw.get(key, otherwise)
        if not isinstance(value, str):
            raise self._error(f"expected {key} to be of string type: found subkeys instead", (*where, key))
        return value

    def _one_of(
        self, raw: dict[str, Any], key: str, known: Iterable[str], where: tuple[str, ...], otherwise: str
    ) -> str:
        value = self._text(raw, key, where, otherwise)
        if value.lower() not in known:
            raise self._error(
                f"invalid value {value!r} for {key}, expected one of {', '.join(known)}", (*where, key)
            )
        return value

    def _map(
        self, raw: dict[str, Any], where: tuple[str, ...], known: set[str] | None = None
    ) -> dict[str, Any]:
        value = raw.get(where[-1]) or {}
        if not isinstance(value, dict):
            raise self._error(f"{where[-1]} must be a map", where)
        if known is not None:
            self._only(value, known, where)
        return value

    def _only(self, raw: dict[str, Any], known: set[str], where: tuple[str, ...]) -> None:
        for key in raw:
            if key in NOT_HERE - known:
                raise self._error(f"{key} is CodeBuild's and is not supported here", (*where, key))
            if key not in known:
                raise self._error(f"unknown key {key!r}, expected {', '.join(sorted(known))}", (*where, key))

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
