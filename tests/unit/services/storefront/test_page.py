"""The page's files: what the server renders, and what they must never hold."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask

ROOT = Path(__file__).parents[4]
STATIC = ROOT / "services/storefront/static"
PRODUCTS = json.loads((ROOT / "services/catalog/products.json").read_text())
SCRIPTS = sorted(STATIC.glob("*.js"))
PICTURES = sorted(STATIC.glob("lanterns/*.svg"))
DRAWINGS = [*PICTURES, STATIC / "favicon.svg", STATIC / "dusk.svg"]
SVG = "{http://www.w3.org/2000/svg}"
GROUPS, PAINTS = {"svg", "defs", "g", "use"}, {"linearGradient", "radialGradient", "stop", "pattern"}
SHAPES = {"rect", "circle", "ellipse", "path"}
# Each of these turns text into code or markup.
DANGEROUS = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc|DOMParser"


class Tags(HTMLParser):
    """Every start tag with its attributes, and the text of the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def render(products: list[dict[str, Any]] | None, *missing: str, trace_url: str = "") -> Tags:
    """The page as Flask renders it, in an app that the tracing of the real one does not reach."""
    app = Flask("storefront", root_path=str(STATIC.parent))
    context = {"service": "storefront", "version": "1.0.0", "commit": "0123abc", "faults_on": False}
    with app.test_request_context():
        template = app.jinja_env.get_template("shop.html")
        return Tags(template.render(products=products, missing=missing, trace_url=trace_url, **context))


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_server_renders_every_lantern_with_its_price_and_stock() -> None:
    page = render(PRODUCTS)

    cards = [attrs for tag, attrs in page.tags if tag == "li" and attrs.get("class") == "card"]
    assert [card["data-sku"] for card in cards] == [product["sku"] for product in PRODUCTS]
    for product in PRODUCTS:
        assert f"{product['name']} {product['description']} €{product['price'] / 100:,.2f}" in words(
            page.text
        )
    assert "Only 8 left" in page.text
    assert "25 in stock" in page.text


def test_names_are_escaped() -> None:
    hostile = "\"><script>alert(1)</script>' onload=x"

    page = render([{**PRODUCTS[0], "name": hostile, "image": hostile}], trace_url=hostile)

    assert [attrs.get("src") for tag, attrs in page.tags if tag == "script"] == ["/static/shop.js"]
    assert hostile in page.text


@pytest.mark.parametrize("missing", [(), ("catalog",), ("orders",), ("catalog", "orders")], ids="+".join)
def test_a_strict_content_security_policy_holds(missing: tuple[str, ...]) -> None:
    page = render(None if "catalog" in missing else PRODUCTS, *missing)

    assert "style" not in {tag for tag, _ in page.tags}
    assert [
        name for _, attrs in page.tags for name in attrs if name == "style" or name.startswith("on")
    ] == []
    addresses = [attrs[name] for _, attrs in page.tags for name in ("src", "href") if name in attrs]
    assert [address for address in addresses if not re.match(r"[/#](?!/)", address or "")] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_write_text_and_load_only_neighbours(script: Path) -> None:
    source = script.read_text()

    assert re.findall(DANGEROUS, source) == []
    assert [name for name in re.findall(r'from "([^"]+)"', source) if not (STATIC / name).is_file()] == []
    assert re.findall(r"https?://(?!\$)[\w.]+", source) == []
    assert len(source.splitlines()) <= 300


def test_colours_stand_in_the_root_blocks_only() -> None:
    sheet = (STATIC / "shop.css").read_text()

    outside = re.sub(r":root \{.*?\n\s*\}", "", sheet, flags=re.DOTALL)

    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?!\S* \{)|rgba?\(|hsla?\(", outside) == []
    assert len(outside) > 5000, "the pattern took away more than the :root blocks"


def test_every_lantern_has_its_picture_and_no_picture_lacks_a_lantern() -> None:
    assert {f"/static/lanterns/{path.name}" for path in PICTURES} == {each["image"] for each in PRODUCTS}


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda path: path.stem)
def test_drawings_are_small_and_hold_nothing_but_shapes(drawing: Path) -> None:
    root = ElementTree.fromstring(drawing.read_text())

    unknown = {element.tag.removeprefix(SVG) for element in root.iter()} - GROUPS - PAINTS - SHAPES
    assert unknown == set()
    assert [name for name in attributes(root) if name == "style" or name.startswith("on")] == []
    assert re.findall(r'(?:href="|url\()(?!#)', drawing.read_text()) == []
    assert drawing.stat().st_size <= 6_000
    if drawing in PICTURES:
        assert root.get("viewBox") == "0 0 320 320"


def attributes(root: ElementTree.Element) -> Iterator[str]:
    for element in root.iter():
        yield from element.attrib


def test_the_seed_holds_what_the_lessons_rely_on() -> None:
    scarce = {each["sku"]: each["stock"] for each in PRODUCTS if each["stock"] != 100}

    assert len({each["sku"] for each in PRODUCTS}) == len({each["description"] for each in PRODUCTS}) == 12
    assert scarce == {"mosaic-souk-lantern": 8, "ice-candle-lantern": 25}
    assert {each["currency"] for each in PRODUCTS} == {"EUR"}
