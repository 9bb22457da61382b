"""`make picture`: photographs the running shop and draws the service map that X-Ray answers, side by side.

Run it against `make up`. It buys lanterns in a real browser first: both halves are of the same minute.
"""

import base64
import html
import os
import shutil
import time
from pathlib import Path
from typing import Any

import boto3
from playwright.sync_api import Browser, sync_playwright

SHOP = f"http://127.0.0.1:{os.environ.get('STOREFRONT_PORT') or 8080}"
XRAY = f"http://127.0.0.1:{os.environ.get('XRAY_PORT') or 2000}"
PICTURE = Path(__file__).with_name("shop-and-map.png")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTH, HEIGHT, LEVEL_PX, NODE_PX = 760, 820, 160, 44

ARROW_TIP = """<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="9" markerHeight="9"
  orient="auto"><path d="M0 0 8 4 0 8z" fill="#889"/></marker></defs>"""
STYLE = """<style>
  body { margin: 0; display: flex; background: #fff; font: 14px system-ui, sans-serif }
  text { fill: #222 } .number { text-anchor: middle } .small { fill: #666; font-size: 12px }
  line { stroke: #889; stroke-width: 1.5; marker-end: url(#tip) } circle { fill: #fff; stroke-width: 5 }
</style>"""

Service = dict[str, Any]


def main() -> None:
    """Write docs/shop-and-map.png."""
    path = next(found for name in BROWSERS if (found := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        shot = _photograph_shop(browser)
        services = _service_graph()
        page = browser.new_page(viewport={"width": WIDTH * 2, "height": HEIGHT})
        page.set_content(_side_by_side(shot, services))
        page.screenshot(path=PICTURE)
        browser.close()
    print(f"{PICTURE}: {', '.join(s['Name'] for s in services)}")


def _photograph_shop(browser: Browser) -> str:
    page = browser.new_page(viewport={"width": 1240, "height": 1240 * HEIGHT // WIDTH})
    for _ in range(3):
        page.goto(SHOP)
        page.get_by_role("button", name="Add to basket").first.click()
        page.get_by_role("button", name="Place order").click()
        page.get_by_text("ord-").first.wait_for()
    return base64.b64encode(page.screenshot()).decode()


def _service_graph() -> list[Service]:
    keys = {"region_name": "us-east-1", "aws_access_key_id": "laptop", "aws_secret_access_key": "laptop"}
    xray = boto3.client("xray", endpoint_url=XRAY, **keys)
    time.sleep(2)  # long enough for every segment of the last click
    now = time.time()
    services: list[Service] = xray.get_service_graph(StartTime=now - 300, EndTime=now)["Services"]
    return services


def _side_by_side(shot: str, services: list[Service]) -> str:
    picture = f'<img src="data:image/png;base64,{shot}" width="{WIDTH}" height="{HEIGHT}">'
    return STYLE + picture + _map(services)


def _map(services: list[Service]) -> str:
    """Every service below its callers, with requests and mean latency as X-Ray counted them."""
    places = _places(services)
    parts = [
        _edge(places[service["ReferenceId"]], places[edge["ReferenceId"]], edge)
        for service in services
        for edge in service.get("Edges", [])
    ]
    parts += [_node(places[service["ReferenceId"]], service) for service in services]
    return f'<svg width="{WIDTH}" height="{HEIGHT}">{ARROW_TIP}{"".join(parts)}</svg>'


def _places(services: list[Service]) -> dict[int, tuple[float, float]]:
    depth = {s["ReferenceId"]: 0 for s in services}
    for _ in services:  # longest path from an entry; as many rounds as there are nodes settle any graph
        for service in services:
            for edge in service.get("Edges", []):
                below = min(depth[service["ReferenceId"]] + 1, len(services))
                depth[edge["ReferenceId"]] = max(depth[edge["ReferenceId"]], below)
    levels: dict[int, list[int]] = {}
    for reference, level in depth.items():
        levels.setdefault(level, []).append(reference)
    return {
        reference: ((n + 1) * WIDTH / (len(row) + 1) - 120 + 50 * level, 70 + level * LEVEL_PX)
        for level, row in levels.items()
        for n, reference in enumerate(row)
    }


def _edge(start: tuple[float, float], end: tuple[float, float], edge: dict[str, Any]) -> str:
    (x1, y1), (x2, y2) = start, end
    length = max(1.0, ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5)
    dx, dy = (x2 - x1) / length * NODE_PX, (y2 - y1) / length * NODE_PX
    count = edge.get("SummaryStatistics", {}).get("TotalCount", 0)
    side, anchor = (-1, "end") if x2 < x1 else (1, "start")
    return (
        f'<line x1="{x1 + dx}" y1="{y1 + dy}" x2="{x2 - dx}" y2="{y2 - dy}"/>'
        f'<text class="small" x="{(x1 + x2) / 2 + side * 10}" y="{(y1 + y2) / 2}"'
        f' text-anchor="{anchor}">{count} calls</text>'
    )


def _node(place: tuple[float, float], service: Service) -> str:
    x, y = place
    numbers = service.get("SummaryStatistics", {})
    total = numbers.get("TotalCount", 0)
    mean = f"{numbers['TotalResponseTime'] / total * 1000:.0f} ms" if total else ""
    good = numbers.get("OkCount", 0)
    ring = "#889" if not total else "#2a7d4f" if good == total else "#c33"
    kind = service.get("Type") or "service"
    return (
        f'<circle cx="{x}" cy="{y}" r="{NODE_PX}" stroke="{ring}"/>'
        f'<text class="number" x="{x}" y="{y + 5}">{mean}</text>'
        f'<text x="{x + NODE_PX + 12}" y="{y}" font-weight="600">{html.escape(service["Name"])}</text>'
        f'<text class="small" x="{x + NODE_PX + 12}" y="{y + 17}">{html.escape(kind)}</text>'
    )


if __name__ == "__main__":
    main()
