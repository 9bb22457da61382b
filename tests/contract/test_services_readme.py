"""The tables of services/README.md say what the code says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.catalog.app import create_app as catalog
from services.catalog.settings import Settings as CatalogSettings
from services.common.settings import ServiceSettings
from services.orders.app import create_app as orders
from services.orders.settings import Settings as OrdersSettings
from services.storefront.app import create_app as storefront
from services.storefront.settings import Settings as StorefrontSettings
from settings import variables

ROOT = Path(__file__).parents[2]
README = (ROOT / "services/README.md").read_text()
APPS = {
    "storefront": (storefront, StorefrontSettings, {"catalog_url": "http://c", "orders_url": "http://o"}),
    "catalog": (catalog, CatalogSettings, {}),
    "orders": (orders, OrdersSettings, {"catalog_url": "http://c"}),
}
COMMON = "dynamodb faults foreign_pages health http logs metrics openapi problems settings task"


def table(heading):
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [re.findall(r"[^|]+", line) for line in section.splitlines() if line.startswith("| ")]
    return [tuple(cell.strip().strip("`") for cell in row) for row in rows[2:]]


@pytest.fixture(autouse=True)
def _region(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def routes_of(name):
    create_app, settings, values = APPS[name]
    app = create_app(settings(faults=True, **values))
    for rule in app.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            if not rule.rule.startswith("/static"):
                path = re.sub(r"<(\w+)>", r"{\1}", rule.rule)
                summary = app.view_functions[rule.endpoint].__doc__.split("\n")[0]
                yield f"{method} {path}", summary


def test_the_table_of_routes_is_the_code():
    documented = {(service, route, text) for service, route, text in table("Routes")}

    common = set.intersection(*({route for route, _ in routes_of(name)} for name in APPS))
    coded = {
        ("all" if route in common else name, route, summary)
        for name in APPS
        for route, summary in routes_of(name)
    }

    assert documented == coded


def test_the_table_of_settings_is_the_code():
    def text(default):
        return {None: "required", False: "off", "": "none"}.get(default, str(default))

    common = variables(ServiceSettings)
    coded = {
        ("all" if field in common else name, variable.name, text(variable.default), variable.help)
        for name, (_, settings, _) in APPS.items()
        for field, variable in variables(settings).items()
    }

    assert set(table("Settings")) == coded


def imported_by_orders():
    """The files of this repository that an orders process imports by default, with their numbers of lines."""
    script = (
        "import sys, services.orders.app, services.tracing.xray; "
        "print(*(getattr(m, '__file__', '') for m in sys.modules.values()))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    files = [path for path in printed.split() if Path(path).is_relative_to(ROOT) and ".venv" not in path]
    lines = {
        os.path.relpath(path, ROOT / "services"): len(Path(path).read_text().splitlines()) for path in files
    }
    return {name: count for name, count in lines.items() if count > 1}


def test_the_reading_order_names_every_file_that_orders_imports_with_its_length():
    rows = [(name, int(count.replace(",", ""))) for name, count, _ in table("Reading order")]
    files = {name: count for name, count in rows if name.endswith(".py")}
    sums, total = [], 0
    for name, count in rows:
        total += count if name in files else 0
        if name not in files:
            sums.append((name, count == total))

    assert files == imported_by_orders()
    assert all(is_right for _, is_right in sums), sums


@pytest.mark.parametrize("library", ["aws_xray_sdk", "opentelemetry"])
def test_only_the_tracing_knows_the_libraries_that_trace(library):
    importing = re.compile(rf"^(?:import|from) {library}\b", re.M)
    modules = (ROOT / "services").rglob("*.py")

    assert {path.parent.name for path in modules if importing.search(path.read_text())} == {"tracing"}


def test_what_the_services_share_knows_no_lantern():
    folder = ROOT / "services/common"

    assert sorted(p.stem for p in folder.glob("*.py") if p.stem != "__init__") == COMMON.split()
    for path in folder.glob("[!_]*.py"):
        words = set(re.findall(r"[a-z]+", path.read_text().lower()))
        assert not words & {"basket", "sku", "price", "stock"}, path
