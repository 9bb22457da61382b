"""Names are nouns: a word that stands for any thing at all is hardly ever what a thing is called."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (
    *("services", "settings", "origins", "console", "dora", "infra", "labs"),
    *("local/awsapi", "local/cloudwatch", "local/ministack", "local/pipeline", "local/processes"),
    *("local/rehearsal", "local/stack", "local/traffic", "local/xray"),
    *("tests/api", "tests/bench", "tests/browser", "tests/containers", "tests/contract", "tests/infra"),
    *("tests/unit/console", "tests/unit/dora", "tests/unit/infra", "tests/unit/local", "tests/unit/services"),
    *("local", "tests", "docs"),
)
# such a name can't be searched for, and changes its meaning within a page
EMPTY_WORDS = frozenset(
    (
        "one",
        "ones",
        "found",
        "given",
        "said",
        "asked",
        "wanted",
        "mine",
        "there",
        "it",
        "both",
        "rest",
        "more",
    )
)
ALLOWED_SHARE = 0.01


def bindings(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name that a module binds, with its line: assignments, parameters, loops, imports, definitions."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                yield name, node.lineno
            case ast.MatchMapping(rest=str(name)):
                yield name, node.lineno
            case ast.alias(asname=str(name)):
                yield name, node.lineno


def is_empty(name: str) -> bool:
    """Whether a name says nothing of its thing: `one`, `_found`, `ONES`."""
    return name.strip("_").lower() in EMPTY_WORDS


def sources(package: str) -> list[Path]:
    """The package's modules that git knows, or would know after `git add`."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", f"{package}/*.py"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def test_every_module_is_in_a_package_that_is_counted():
    uncounted = [
        path for path in sources(".") if not any(path.is_relative_to(ROOT / name) for name in PACKAGES)
    ]

    assert uncounted == []


@pytest.mark.parametrize("package", PACKAGES)
def test_hardly_a_binding_is_an_empty_word(package: str) -> None:
    names = [
        (name, f"{path.relative_to(ROOT)}:{line}")
        for path in sources(package)
        for name, line in bindings(ast.parse(path.read_text()))
    ]
    empty = [f"{place}: {name}" for name, place in names if is_empty(name)]

    assert names
    assert len(empty) <= ALLOWED_SHARE * len(names), (
        f"{len(empty)} of {len(names)} bindings in {package} say nothing; name the thing:\n"
        + "\n".join(empty)
    )


@pytest.mark.parametrize(
    "source",
    [
        "one = 1",
        "one: int = 1",
        "one += 1",
        "a, (one, *b) = c",
        "self.one = 1",
        "[one for one in c]",
        "for one in c: pass",
        "with a as one: pass",
        "import a as one",
        "def f(one): pass",
        "def f(*, one=1): pass",
        "def f(*one): pass",
        "def f(**one): pass",
        "lambda one: 1",
        "def one(): pass",
        "class one: pass",
        "try: pass\nexcept E as one: pass",
        "(one := 1)",
        "match a:\n case one: pass",
        "match a:\n case [*one]: pass",
        "match a:\n case {**one}: pass",
        "_one = 1",
        "ONE = 1",
    ],
)
def test_every_way_to_bind_a_name_is_counted(source: str) -> None:
    names = [name for name, _ in bindings(ast.parse(source))]

    assert any(is_empty(name) for name in names)


def test_reading_a_name_binds_nothing() -> None:
    names = [name for name, _ in bindings(ast.parse("print(one, more.given, f(rest=1))"))]

    assert not re.search(r"one|more|given|rest", " ".join(names))
