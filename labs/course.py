"""Finds the labs: folders NN-name with lab.py, README.md and solution.md."""

import difflib
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

from labs.errors import LabError, Refused
from labs.lab import Lab

FOLDER = Path(__file__).parent
NAME = re.compile(r"(\d\d)-[a-z0-9-]+")
SECTION = re.compile(r"^## (\d+)\. (.+)$", re.M)


@dataclass(frozen=True, slots=True)
class Task:
    """A numbered section of README.md: what a step's trainee reads."""

    title: str
    text: str


@dataclass(frozen=True)
class Exercise:
    """A lab with its folder; `number` is 05."""

    folder: Path

    @property
    def number(self) -> str:
        """The number by which a trainee names it."""
        return self.folder.name[:2]

    @cached_property
    def module(self) -> ModuleType:
        """Its lab.py. Raises LabError."""
        name = f"labs.{self.folder.name.replace('-', '_')}"
        spec = importlib.util.spec_from_file_location(name, self.folder / "lab.py")
        if spec is None or spec.loader is None:
            raise LabError(f"{self.folder / 'lab.py'} cannot be loaded")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    @property
    def lab(self) -> Lab:
        """What its lab.py binds to LAB. Raises LabError."""
        lab = getattr(self.module, "LAB", None)
        if not isinstance(lab, Lab):
            raise LabError(f"{self.folder / 'lab.py'}: expected LAB = Lab(…), found {lab!r}")
        return lab

    @property
    def text(self) -> str:
        """Its README.md."""
        return (self.folder / "README.md").read_text()

    def tasks(self) -> list[Task]:
        """The numbered sections of README.md, one for each step."""
        parts = SECTION.split(self.text)
        return [Task(title, body.strip()) for title, body in zip(parts[2::3], parts[3::3], strict=True)]


def exercises() -> list[Exercise]:
    """All labs in their order."""
    return [Exercise(path) for path in sorted(FOLDER.iterdir()) if NAME.fullmatch(path.name)]


def find(key: str) -> Exercise:
    """The lab that LAB names: 5, 05, 05-n-plus-one or n-plus-one. Raises Refused."""
    known = exercises()
    for exercise in known:
        name = exercise.folder.name
        if key in (name, name[3:]) or key.zfill(2) == exercise.number:
            return exercise
    names = [exercise.folder.name for exercise in known]
    near = difflib.get_close_matches(key, [*names, *(name[3:] for name in names)], 1)
    meant = f" Did you mean {near[0]}?" if near else ""
    raise Refused(
        f"LAB={key}: expected one of {', '.join(entry.number for entry in known)}.{meant} "
        "make labs lists them"
    )


def rendered(text: str, facts: Mapping[str, object], addresses: Mapping[str, str]) -> str:
    """A page's text for one attempt: `<sku>` becomes that fact, a default address the one in use."""
    for default, address in addresses.items():
        text = text.replace(default, address)
    return re.sub(r"<([a-z][a-z0-9-]*)>", lambda match: str(facts.get(match[1], match[0])), text)
