"""What the console's pages say of real traces, log lines and metrics."""

import re
import time
from datetime import UTC, datetime
from html import unescape

import pytest

from tests.api.console.conftest import start_console
from tests.api.xray.server import new_trace_id, segment
from tests.ports import free_port

W3C = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})")


def call(name, parent, **fields):
    """A subsegment that calls `name`, within its parent's time."""
    times = {"start_time": parent["start_time"] + 0.01, "end_time": parent["end_time"] - 0.01}
    return {**segment(None, name, namespace="remote"), **times, **fields, "trace_id": None}


def a_click(console, **orders):
    """A trace of a storefront that called orders; returns its id and both segments."""
    trace_id = new_trace_id()
    shop = segment(
        trace_id,
        "storefront",
        http={"request": {"method": "POST", "url": "http://shop/api/orders"}, "response": {"status": 200}},
    )
    to_orders = call("orders", shop)
    shop["subsegments"] = [to_orders]
    called = segment(trace_id, "orders", parent_id=to_orders["id"], annotations={"version": "7.7"}, **orders)
    console.send(shop, called)
    return trace_id, shop, called


def test_the_map_shows_who_called_whom_with_numbers_and_status(console):
    a_click(console, fault=True)

    page = console.page("/map")

    assert re.search(r'aria-label="orders: \d+ sampled request.*?fault', page)
    assert 'aria-label="storefront to orders: ' in page
    assert "Local stand-ins: nothing here is on AWS" in page


def test_the_panel_of_a_node_becomes_a_filter_that_x_ray_takes(console):
    a_click(console, fault=True)

    arguments = {
        "range": "5m",
        "node": "orders",
        "status": ["fault", "error"],
        "least_ms": "1",
        "most_ms": "5000",
    }
    answer = console.get("/map/traces", params=arguments)

    assert answer.status_code == 200
    assert (
        'service("orders") { (fault OR error) AND responsetime >= 0.001 AND responsetime <= 5 }'
        in unescape(answer.text)
    )
    assert re.search(r"[1-9]\d* traces", answer.text)


def test_the_panel_of_an_edge_becomes_a_filter_too(console):
    a_click(console)

    answer = console.get("/map/traces", params={"source": "storefront", "target": "orders"})

    assert 'edge("storefront", "orders")' in unescape(answer.text)
    assert re.search(r"[1-9]\d* traces", answer.text)


def test_a_trace_shows_every_hop_its_annotations_its_exception_and_its_log_lines_in_order(console):
    failed = {
        "exceptions": [
            {
                "id": "1",
                "type": "OutOfStock",
                "message": "none left",
                "stack": [{"path": "orders/placing.py", "line": 12, "label": "place"}],
            }
        ]
    }
    trace_id, shop, called = a_click(console, fault=True, cause=failed)
    line = {"trace_id": trace_id, "level": "INFO"}
    console.log("storefront", {**line, "service": "storefront", "message": "first", "segment_id": shop["id"]})
    time.sleep(0.01)
    console.log(
        "orders",
        {**line, "service": "orders", "message": "second", "segment_id": called["id"]},
        {"message": "another trace's"},
    )

    page = console.page(f"/traces/{trace_id}", row=called["id"])

    assert page.index(">storefront</bdi>") < page.index(">orders</bdi>")
    assert "OutOfStock" in page
    assert "orders/placing.py:12" in page
    assert "7.7" in page
    assert page.index("<summary>first") < page.index("<summary>second")
    assert f'href="#row-{called["id"]}"' in page
    assert "another trace" not in page


@pytest.mark.parametrize("spelling", ["{0}{1}", "00-{0}{1}-53995c3f42cd8ad8-01", "1-{0}-{1}"])
def test_a_trace_is_found_by_its_id_in_any_spelling(console, spelling):
    trace_id, *_ = a_click(console)
    written = spelling.format(*W3C.fullmatch(trace_id).groups())

    for answer in (console.get(f"/traces/{written}"), console.get("/find", params={"q": written})):
        assert answer.status_code == 200
        assert answer.url.endswith(f"/traces/{trace_id}")


def test_raw_data_are_the_documents_as_they_were_sent(console):
    trace_id, shop, _ = a_click(console)

    documents = console.get(f"/traces/{trace_id}.json").json()

    assert shop["id"] in {document["id"] for document in documents}


def test_a_trace_that_is_not_here_yet_is_asked_for_again_and_then_given_up(console):
    trace_id = new_trace_id()

    first = console.get(f"/traces/{trace_id}", allow_redirects=False)
    last = console.get(f"/traces/{trace_id}?tries=5")

    assert (first.status_code, last.status_code) == (202, 404)
    assert first.headers["Refresh"] == f"1; url=/traces/{trace_id}?tries=1"
    assert "Refresh" not in last.headers
    assert "was not sampled" in last.text


def test_refiners_count_values_that_traces_have_in_common(console):
    trace_id, *_ = a_click(console)
    a_click(console)

    page = unescape(console.page("/traces", filter='service("orders")'))

    assert trace_id in page
    assert re.search(
        r'filter=[^"]*http.method[^"]*" data-swap><bdi>POST</bdi></a> <span class="count">\d+<', page
    )
    assert 'annotation[version] = "7.7"' in page or "annotation%5Bversion%5D" in page


@pytest.mark.parametrize("sort", ["status", "method", "url", "response", "duration", "age", "id"])
def test_a_list_can_be_ordered_by_each_column(console, sort):
    name = f"ordered-{sort}"
    console.send(segment(new_trace_id(), name, error=True), segment(new_trace_id(), name))

    pages = [
        console.page("/traces", sort=sort, dir=direction, filter=f'service("{name}")')
        for direction in ("asc", "desc")
    ]

    orders = [re.findall(r'<tr data-key="([^"]+)"', page) for page in pages]
    assert len(orders[0]) == 2
    assert sorted(orders[0]) == sorted(orders[1])
    if sort in ("age", "id"):
        assert orders[0] == orders[1][::-1]


@pytest.mark.parametrize("column", ["response", "duration"])
def test_the_slowest_trace_of_the_range_is_first_though_hundreds_are_newer(console, column):
    now = time.time()
    began_s = [now - 60, *(now - 30 + n / 20 for n in range(300))]
    took_s = [1.204, *([0.09] * 300)]
    documents = [
        segment(new_trace_id(), f"slowest-{column}", start_time=began, end_time=began + took)
        for began, took in zip(began_s, took_s, strict=True)
    ]
    for first in range(0, len(documents), 50):
        console.send(*documents[first : first + 50])

    page = console.page("/traces", range="5m", sort=column, dir="desc", filter=f'service("slowest-{column}")')

    assert re.findall(r'<tr data-key="([^"]+)"', page)[0] == documents[0]["trace_id"]
    assert "the slowest of the last 5m" in page


def test_the_map_of_the_longest_range_is_shown(console):
    a_click(console)

    assert 'aria-label="storefront to orders: ' in console.page("/map", range="6h")


@pytest.mark.parametrize("flags", [("error", "throttle"), ("fault", "throttle"), ("fault", "error")])
def test_map_list_and_waterfall_give_a_call_the_same_status(console, flags):
    name = "-".join(flags)
    trace_id = console.send(segment(new_trace_id(), name, **dict.fromkeys(flags, True)))

    [on_map] = re.findall(rf'aria-label="{name}: 1 sampled request, .*?, 1 (\w+)"', console.page("/map"))
    [in_list] = re.findall(
        rf'<tr data-key="{trace_id}">.*?class="status (\w+)"', console.page("/traces"), re.S
    )
    [in_waterfall] = re.findall(
        r"<dt>Status</dt><dd><span class=\"status (\w+)\"", console.page(f"/traces/{trace_id}")
    )

    assert on_map == in_list == in_waterfall


def test_a_wrong_expression_is_marked_at_its_character(console):
    page = console.page("/traces", filter="fault ANDX x")

    assert "fault <mark>A</mark>NDX x" in page
    assert 'data-wrong-at="6"' in page
    assert "Invalid filter expression at character 7" in page


def test_two_traces_are_compared_side_by_side(console):
    (left, *_), (right, *_) = a_click(console), a_click(console, fault=True)

    page = console.get("/compare", params={"pick": [right, left]}).text

    assert page.index(f"/traces/{left}") < page.index(f"/traces/{right}")
    assert page.count('<tr class="') == 3
    assert "fault" in page


def test_logs_are_filtered_by_service_level_text_and_trace(console):
    trace_id = new_trace_id()
    console.log(
        "catalog",
        {"level": "INFO", "message": "counted lanterns"},
        {"level": "ERROR", "message": "lost lanterns", "trace_id": trace_id},
        "Traceback (most recent call last)",
    )

    def messages(**arguments):
        return re.findall(r"<summary>(.*?)</summary>", console.page("/logs", service="catalog", **arguments))

    assert messages()[-3:] == ["counted lanterns", "lost lanterns", "Traceback (most recent call last)"]
    assert messages(level="WARNING")[-1:] == ["lost lanterns"]
    assert "lost lanterns" not in messages(text="counted")
    assert messages(trace=trace_id) == ["lost lanterns"]


def test_metrics_are_drawn_by_service_and_version_and_alarms_have_states(console):
    cloudwatch, now = console.client("cloudwatch"), datetime.now(UTC)
    for version, value in (("1.0", 12), ("1.1", 90)):
        dimensions = [{"Name": "Service", "Value": "orders"}, {"Name": "Version", "Value": version}]
        for name, unit, values in (
            ("Requests", "Count", [1, 1, 1]),
            ("Faults", "Count", [0, 0, 1]),
            ("Latency", "Milliseconds", [value] * 3),
        ):
            data = {
                "MetricName": name,
                "Dimensions": dimensions,
                "Timestamp": now,
                "Unit": unit,
                "Values": values,
                "Counts": [1] * 3,
            }
            cloudwatch.put_metric_data(Namespace="Lantern", MetricData=[data])
    cloudwatch.put_metric_alarm(
        AlarmName="orders-too-slow",
        MetricName="Latency",
        Namespace="Lantern",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )

    page = console.page("/metrics")

    assert re.search(r"p95 · 1\.0: 12 ms, n = 3<", page)
    assert re.search(r"p95 · 1\.1: 90 ms, n = 3<", page)
    assert re.search(r"requests · 1\.0: 3 in all<", page)
    assert re.search(r"5xx · 1\.1: 1 of 3<", page)
    assert "orders-too-slow" in page


def test_metrics_of_a_range_are_of_its_minutes_and_of_all_of_them(console):
    cloudwatch, end_s = console.client("cloudwatch"), time.time() // 60 * 60 - 120
    dimensions = [{"Name": "Service", "Value": "ranged"}, {"Name": "Version", "Value": "1"}]
    for at_s, count, latency in (
        (end_s - 110, 99, 10.0),  # the first minute of the range, then its last, then the one after it
        (end_s - 30, 1, 500.0),
        (end_s + 10, 50, 9000.0),
    ):
        for name, values, counts in (("Requests", [1.0], [count]), ("Latency", [latency], [count])):
            metric = {
                "MetricName": name,
                "Dimensions": dimensions,
                "Timestamp": datetime.fromtimestamp(at_s, UTC),
                "Values": values,
                "Counts": counts,
            }
            cloudwatch.put_metric_data(Namespace="Lantern", MetricData=[metric])

    page = console.page("/metrics", start=str(int(end_s - 120)), end=str(int(end_s)))

    assert "requests · 1: 100 in all<" in page
    assert "p50 · 1: 10 ms, n = 100<" in page
    assert 'ranged: Response time up to 500 ms"' in page


def test_an_orders_id_in_the_search_box_leads_to_its_traces(console):
    order_id = "ord-0123456789abcdef01234567"
    trace_id = console.send(segment(new_trace_id(), "orders", annotations={"order_id": order_id}))

    page = console.page("/find", q=f" {order_id} ")

    assert re.findall(r'<tr data-key="([^"]+)"', page) == [trace_id]


def test_a_wrong_filter_offers_one_that_is_right_as_a_link(console):
    page = console.page("/traces", filter="status=500")

    [address] = re.findall(r'Is this meant\? <a class="mono" href="([^"]+)"', page)
    assert "Search" in (right := console.get(unescape(address)).text)
    assert 'value="http.status = 500"' in unescape(right)
    assert "Is this meant?" not in right


def test_a_commit_without_a_pipeline_leads_to_the_traces_of_its_version(console):
    trace_id = console.send(segment(new_trace_id(), "orders", annotations={"version": "0a1b2c3"}))

    assert trace_id in console.page("/find", q="0a1b2c3d4e5f")


def test_the_clock_is_kept_in_every_link_and_a_pause_keeps_to_its_moment(console):
    a_click(console)
    page = console.page("/logs", range="5m", clock="local", beamer="1")

    addresses = [
        unescape(href)
        for href in re.findall(r'<a href="(/[^"]+)"(?: aria-current="page")?>(?!UTC)[A-Z]', page)
    ]
    assert len(addresses) >= 8
    for href in addresses:
        assert {"range=5m", "clock=local", "beamer=1"} <= set(re.split("[?&]", href)), href
    [leave] = re.findall(r'<a class="beamer-switch" href="([^"]+)"', page)
    assert "beamer" not in leave
    assert "clock=local" in leave
    assert re.search(r'<a href="[^"]*\?range=5m&amp;beamer=1">UTC</a>', page)
    [pause] = re.findall(r'class="pause" href="([^"]+)"', page)
    paused = console.get(unescape(pause)).text
    assert "data-live=" in page
    assert "data-live=" not in paused
    assert "paused=5m" in paused.replace("&amp;", "&")
    [resume] = re.findall(r'class="pause" href="([^"]+)"', paused)
    assert "range=5m" in resume
    assert "start=" not in resume
    assert "paused" not in resume


def test_a_time_without_an_offset_is_in_utc(console):
    page = console.page("/map", start="2026-11-23T10:00:00", end="2026-11-23T10:05:00")

    assert "time from 11-23 10:00:00 to 11-23 10:05:00 UTC" in page


def test_every_count_says_of_what(console):
    a_click(console)

    assert re.search(r"orders: \d+ sampled request", console.page("/map"))
    assert "Of the " in (traces := console.page("/traces"))
    assert "only sampled requests have one" in traces
    assert "sampled or not, static files included" in console.page("/metrics")


def test_a_log_line_of_a_trace_that_is_not_sampled_has_no_link(console):
    sampled, unsampled = new_trace_id(), new_trace_id()
    console.log(
        "orders",
        {"message": "is sampled", "trace_id": sampled},
        {"message": "is not", "trace_id": unsampled, "sampled": False},
    )

    page = console.page("/logs", service="orders")

    assert f"/traces/{sampled}" in page
    assert f"/traces/{unsampled}" not in page


def test_a_text_is_marked_in_its_field_and_not_looked_for_in_what_is_not_shown(console):
    console.log(
        "orders",
        {"message": "GET /x 500", "exception": {"type": "KeyError", "message": "no such shelf"}},
        {"message": "GET /y 200", "_aws": {"CloudWatchMetrics": [{"Metrics": [{"Name": "shelf"}]}]}},
    )

    page = console.page("/logs", service="orders", text="shelf")

    assert "<code>exception.message</code>: <bdi>no such <mark>shelf</mark></bdi>" in page
    assert "GET /y" not in page


def test_log_lines_are_searched_by_field_and_static_files_are_hidden_at_first(console):
    console.log(
        "orders",
        {"message": "GET /fields 500", "path": "/fields", "status": 500},
        {"message": "GET /static/fields.css 200", "path": "/static/fields.css", "status": 200},
    )

    page = console.page("/logs", service="orders", text="path=/fields status=5xx")
    assert re.findall(r"<summary>(GET .*?)</summary>", page) == ["GET /fields 500"]
    assert "<mark>500</mark>" in page
    assert "fields.css" not in console.page("/logs", service="orders")
    assert "fields.css" in console.page("/logs", service="orders", static="1")


def test_dropped_lines_are_counted_on_the_page_of_log_lines(console):
    console.log("storefront", {"message": "here"})
    data = {
        "MetricName": "Dropped",
        "Dimensions": [{"Name": "LogGroup", "Value": "/lantern/orders"}],
        "Timestamp": datetime.now(UTC),
        "Value": 42,
    }
    console.client("cloudwatch").put_metric_data(Namespace="Lantern/Logs", MetricData=[data])

    assert "/lantern/orders lost 42" in console.page("/logs")


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/map?range=soon", "range="),
        ("/map/traces?node=x&least_ms=a", "least_ms"),
        ("/traces?sort=colour", "sort="),
        ("/traces/nonsense", "is no trace id"),
        ("/compare?pick=1", "two traces"),
        ("/compare?left=x&right=y", "left="),
        ("/logs?level=LOUD", "level="),
        ("/logs?service=nobody", "nobody"),
        ("/logs?trace=x", "trace="),
    ],
)
def test_a_wrong_argument_is_refused_naming_it(console, path, named):
    answer = console.get(path)

    assert answer.status_code == 400
    assert named in unescape(answer.text)


def test_no_page_and_no_faults_without_a_shop(console):
    assert [console.get(path).status_code for path in ("/nothing", "/faults")] == [404, 404]
    assert 'href="/faults' not in console.page("/map")


def test_without_x_ray_the_pages_say_what_to_do(console, tmp_path):
    nobody = f"http://127.0.0.1:{free_port()}"
    part = start_console(tmp_path, nobody, console.aws.url)
    try:
        answer = console.get.__func__(type(console)(part, None, None), "/map")
    finally:
        part.stop()

    assert answer.status_code == 502
    assert nobody in answer.text
    assert "make up starts them" in answer.text


def test_a_trace_is_shown_without_its_log_lines_when_they_cannot_be_read(console, tmp_path):
    trace_id, *_ = a_click(console)
    part = start_console(tmp_path, console.xray.url, f"http://127.0.0.1:{free_port()}")
    try:
        answer = type(console)(part, None, None).get(f"/traces/{trace_id}")
    finally:
        part.stop()

    assert answer.status_code == 200
    assert ">storefront</bdi>" in answer.text
    assert "The log lines can't be read" in answer.text


def test_without_credentials_or_endpoint_the_page_says_what_is_missing(tmp_path, console):
    """As on an account that nobody has signed in to; nothing is asked of anybody."""
    settings = {
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "AWS_CONFIG_FILE": "/nonexistent",
    }
    part = start_console(tmp_path, "", "", **settings)
    try:
        answer = type(console)(part, None, None).get("/map")
    finally:
        part.stop()

    assert answer.status_code == 502
    assert "No AWS credentials were found" in answer.text
    assert "Local stand-ins" not in answer.text
