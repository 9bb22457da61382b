"""The console's pages have one word for one thing; docs/console.md has the list of them."""

import re
from pathlib import Path

import pytest

from tests.shop import ROOT

TEMPLATES = sorted((ROOT / "console").rglob("*.html"))
CODE = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}|<[^>]*>", re.S)
NAMED = re.compile(r"(?:aria-label|title|placeholder)=\"([^\"]*)\"")
OTHER_WORDS = {"asked": "request", "took": "duration", "latency": "response time", "said": "message"}
DELAY = "console/faults/faults.html"  # what a fault adds has the name that it has in the API


def visible(template: Path) -> str:
    """What a reader sees or hears of a template, without its code."""
    text = template.read_text()
    return CODE.sub(" ", text) + " ".join(CODE.sub(" ", words) for words in NAMED.findall(text))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "console")))
def test_no_page_has_a_second_word_for_a_thing_that_has_one(template):
    words = set(re.findall(r"[a-z]+", visible(template).lower()))
    allowed = {"latency"} if template == ROOT / DELAY else set()

    assert {word: OTHER_WORDS[word] for word in words & set(OTHER_WORDS) - allowed} == {}
